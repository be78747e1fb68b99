"""Makes text from files safe to print on a terminal."""

import sys
from typing import TextIO


def printable(text: str) -> str:
    """The text with escapes for what a terminal interprets or hides: `\\x1b`, `\\n`, `\\u202e`.

    These are control characters, Unicode format characters, and bytes that are not UTF-8.
    """
    return "".join(each if each.isprintable() else escaped(each) for each in text)


def escaped(character: str) -> str:
    """One character as a Python escape; for a byte that is not UTF-8, an escape like `\\xfe`."""
    if "\udc80" <= character <= "\udcff":  # how Python represents such a byte
        return f"\\x{ord(character) - 0xDC00:02x}"
    return repr(character)[1:-1]


def print_line(text: str, file: TextIO | None = None) -> None:
    """Prints one line that may contain names from files."""
    print(printable(text), file=file or sys.stdout, flush=file is sys.stderr)
