"""Text from files, made safe for a terminal."""

import sys
from typing import TextIO


def printable(text: str) -> str:
    """The text with escapes for what a terminal would obey or hide: `\\x1b`, `\\n`, `\\u202e`.

    These are control characters, Unicode's format controls, and bytes of names that are not UTF-8.
    """
    return "".join(each if each.isprintable() else escaped(each) for each in text)


def escaped(character: str) -> str:
    """One character as Python writes it; a byte that is not UTF-8 as `\\xfe`."""
    if "\udc80" <= character <= "\udcff":  # how Python keeps such a byte
        return f"\\x{ord(character) - 0xDC00:02x}"
    return repr(character)[1:-1]


def print_line(text: str, file: TextIO | None = None) -> None:
    """Prints one line that may hold names out of files."""
    print(printable(text), file=file or sys.stdout, flush=file is sys.stderr)
