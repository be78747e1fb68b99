"""Text out of files, made safe for a terminal."""

import sys
from typing import TextIO


def printable(text: str) -> str:
    """The text with escapes for what a terminal would obey or hide: `\\x1b`, `\\n`, `\\u202e`.

    These are control characters, Unicode's format controls and lone surrogates.
    """
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def print_line(text: str, file: TextIO | None = None) -> None:
    """Prints one line that may hold names out of files."""
    print(printable(text), file=file or sys.stdout, flush=file is sys.stderr)
