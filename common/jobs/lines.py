"""Where in a user's file each layer was made, and where it fails."""

import inspect
import re
import sys
from typing import Any

from common.errors import DataError
from common.jobs.job import Check

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Lines:
    """In which lines of the user's file each layer was made."""

    def __init__(self) -> None:
        self.file = ""
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


def guarded(job: Check, lines: Lines, act: Any) -> Any:
    """What the user's code gives; raises DataError that says what it did instead, and where."""
    try:
        return act()
    except DataError:
        raise
    except SystemExit as error:
        raise DataError(f"{job.source}: it ends the process (exit {error.code})") from None
    except SyntaxError as error:
        raise DataError(f"{job.source}, line {error.lineno}: {error.msg}") from None
    except Exception as error:
        where = [f.lineno for f in inspect.trace() if f.filename == lines.file]
        line = f", line {where[-1]}" if where else ""
        text = COLOURS.sub("", str(error)).strip() or "no message"
        message = f"{type(error).__name__}: {text}"
        raise DataError(f"{job.source}{line}: {' '.join(message.split())[:300]}") from None
