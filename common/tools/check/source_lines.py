"""Finds the lines of a user's file where each layer was made and where the code fails."""

import difflib
import re
import sys
from collections.abc import Callable
from os import _exit, getpid
from pathlib import Path
from traceback import walk_tb
from typing import TypeVar

from common.errors import DataError
from common.tools.check.check_jobs import Check
from common.tools.check.failures import explained
from common.tools.check.several import SeveralNetworks

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
MAX_SHOWN = 300  # characters of an error message
LINE = re.compile(r"line (\d+)")  # in the text of an error
T = TypeVar("T")


class Lines:
    """The lines of the user's file in which each layer was made."""

    def __init__(self) -> None:
        self.file, self.process = "", getpid()
        self.found: dict[int, tuple[object, tuple[int, ...]]] = {}  # keeps the layers alive

    def note(self, layer: object) -> None:
        """Records for a new layer which lines of the user's file are running, outermost first."""
        lines: list[int] = []
        frame = sys._getframe(1)
        while frame:
            if frame.f_code.co_filename == self.file and frame.f_lineno not in lines[-1:]:
                lines.append(frame.f_lineno)
            frame = frame.f_back  # type: ignore[assignment]
        self.found[id(layer)] = layer, tuple(reversed(lines))

    def of(self, layer: object) -> tuple[int, ...]:
        """The lines recorded for a layer."""
        return self.found.get(id(layer), (None, ()))[1]


def guarded(job: Check, lines: Lines, act: Callable[[], T]) -> T:
    """The result of running the user's code; raises DataError that says what failed and where.

    If the user's code has forked this process, the child process ends here.
    """
    try:
        return act()
    except (DataError, SeveralNetworks):
        raise
    except BaseException as error:  # the user's code may even raise KeyboardInterrupt
        raise DataError(f"{job.source}{what_happened(error, lines.file)}") from None
    finally:
        if getpid() != lines.process:
            _exit(0)


def what_happened(error: BaseException, file: str) -> str:
    """The text of an error, with the line if it passed through the user's file."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return f"{at(error.lineno)}: {error.msg}"
    passed = [n for frame, n in walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    where = at(passed[-1] if passed else None)
    if isinstance(error, MemoryError):
        return f"{where}: out of memory"
    try:
        if isinstance(error, SystemExit):
            message = f"it exits the process (exit code {error.code})"
        else:
            message = f"{type(error).__name__}: {error}{similar(error)}".removesuffix(": ")
            if isinstance(error, SyntaxError) and error.filename:  # a module that the file imports
                place = f"{Path(error.filename).name}, line {error.lineno}"
                message = f"{place}: {error.msg}: {(error.text or '').strip()[:60]}"
            if hint := explained(COLOURS.sub("", str(error))):
                message = f"{hint} ({message})"
    except BaseException:  # raised by its own __str__
        message = f"{type.__repr__(type(error))}, which has no message"
    called = f" (called in line {passed[-2]})" if len(set(passed)) > 1 else ""
    return f"{where}: {' '.join(COLOURS.sub('', message).split())[:MAX_SHOWN]}{called}"


def similar(error: BaseException) -> str:
    """The existing name that is most similar to a missing attribute, as a question."""
    if not isinstance(error, AttributeError) or not error.name:
        return ""
    names = difflib.get_close_matches(error.name, dir(error.obj), 1)
    return "".join(f"; did you mean {each!r}?" for each in names)


def at(line: int | None) -> str:
    """The text for a line of the file; empty if the line is unknown."""
    return f", line {line}" if line else ""
