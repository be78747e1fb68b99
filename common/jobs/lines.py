"""Where in a user's file each layer was made, and where it fails."""

import re
import sys
from collections.abc import Callable
from os import _exit, getpid
from traceback import walk_tb
from typing import TypeVar

from common.errors import DataError
from common.jobs.job import Check

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
MOST_SHOWN = 300  # characters of a message
T = TypeVar("T")


class Lines:
    """In which lines of the user's file each layer was made."""

    def __init__(self) -> None:
        self.file, self.process = "", getpid()
        self.found: dict[int, tuple[object, tuple[int, ...]]] = {}  # keeps the layers alive

    def note(self, layer: object) -> None:
        """Keeps the lines of the user's file that are being run, the outermost first."""
        lines, frame = [], sys._getframe(1)
        while frame:
            if frame.f_code.co_filename == self.file and frame.f_code.co_name != "<module>":
                lines.append(frame.f_lineno)
            frame = frame.f_back  # type: ignore[assignment]
        self.found[id(layer)] = layer, tuple(reversed(lines))

    def of(self, layer: object) -> tuple[int, ...]:
        """The lines noted for a layer."""
        return self.found.get(id(layer), (None, ()))[1]


def guarded(job: Check, lines: Lines, act: Callable[[], T]) -> T:
    """What the user's code gives; raises DataError that says what it did instead, and where.

    A copy of this process that the user's code has forked ends here.
    """
    try:
        return act()
    except DataError:
        raise
    except BaseException as error:  # the user's code may raise KeyboardInterrupt, too
        raise DataError(f"{job.source}{what_happened(error, lines.file)}") from None
    finally:
        if getpid() != lines.process:
            _exit(0)


def what_happened(error: BaseException, file: str) -> str:
    """What was raised and, where it passed through the user's file, in which line."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return f"{at(error.lineno)}: {error.msg}"
    passed = [n for frame, n in walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    where = at(passed[-1] if passed else None)
    if isinstance(error, MemoryError):
        return f"{where}: out of memory"
    try:
        if isinstance(error, SystemExit):
            message = f"it ends the process (exit {error.code})"
        else:
            message = f"{type(error).__name__}: {error}".removesuffix(": ")
    except BaseException:  # raised by its own __str__
        message = f"{type.__repr__(type(error))}, which has no message"
    return f"{where}: {' '.join(COLOURS.sub('', message).split())[:MOST_SHOWN]}"


def at(line: int | None) -> str:
    """A line of the file, where one is known."""
    return f", line {line}" if line else ""
