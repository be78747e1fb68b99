"""The parts of a pickle that are read as data: names, calls, references and keys."""

from dataclasses import dataclass, field
from typing import Any

from common.files.budget import LONGEST_NAME

SHORT = 100  # bytes that may be a key


@dataclass(eq=False, slots=True)
class Global:
    """A name that a pickle asks to import, such as `collections.OrderedDict`."""

    name: str


@dataclass(eq=False, slots=True)
class External:
    """An object stored outside the pickle, elsewhere in the file."""

    key: Any


@dataclass(eq=False, slots=True)
class CallResult:
    """An object that a call would have made: the callable's name, arguments, state and items."""

    name: str
    arguments: tuple = ()
    state: Any = None
    items: dict = field(default_factory=dict)


def is_key(value: Any) -> bool:
    """Whether hashing and comparing a value is fast; a nested or huge one may take forever."""
    match value:
        case str() | bytes():
            return len(value) <= LONGEST_NAME
        case int():
            return value.bit_length() <= 64
    return value is None or isinstance(value, float)


def short_bytes(arguments: tuple) -> bytes | None:
    """Bytes as Python 3 writes them for Python 2: a text and "latin1"; None for a long text."""
    match arguments:
        case (str(text), "latin1" | "latin-1") if len(text) <= SHORT:
            return text.encode("latin1")
    return None
