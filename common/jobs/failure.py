"""What a worker left behind: its answer, or how it ended without one, in one line."""

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

from common.errors import CheckFailed, DataError, UserError

MOST_LOG = 10_000_000  # bytes of what a worker prints
TAIL, MOST_SHOWN = 20_000, 200
NAMES = {each.value: each.name for each in signal.Signals}
# How the frameworks say it: PyTorch, TensorFlow, Paddle.
OUT_OF_MEMORY = re.compile(
    r"can't allocate memory|not enough memory|out of memory|OOM when|ResourceExhausted|bad_alloc"
    r"|Cannot allocate|Cannot malloc|MemoryError",
    re.IGNORECASE,
)


def read_answer(box: Path) -> dict:
    """What the worker wrote last; {} if it did not come to that."""
    try:
        return dict(json.loads((box / "answer.json").read_text()))
    except (OSError, ValueError, TypeError):
        return {}


def shorten_log(box: Path) -> None:
    """Empties the log of a worker that prints without end."""
    with suppress(OSError):
        if (box / "stderr").stat().st_size > MOST_LOG:
            os.truncate(box / "stderr", 0)


def read_log(box: Path) -> str:
    """The end of what a worker printed; nothing where user code has removed it."""
    try:
        with open(box / "stderr", "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - TAIL))
            return log.read().decode(errors="replace").strip()
    except OSError:
        return ""


def how_it_ended(framework: str, status: int, box: Path) -> UserError:
    """How a worker ended that left no answer, in one line."""
    log = read_log(box)
    last = f" ({log.splitlines()[-1].strip()[:MOST_SHOWN]})" if log else ""
    if status == -signal.SIGKILL:
        return DataError(
            f"{framework}: the worker was killed (signal 9), as the system does when memory runs "
            "out; give a smaller batch or image"
        )
    if status and OUT_OF_MEMORY.search(log[-5000:]):
        return DataError(f"{framework}: out of memory{last}; give a smaller batch or image")
    if status < 0:
        name = NAMES.get(-status, "unnamed")
        return CheckFailed(f"{framework}: the worker was ended by signal {-status}, {name}{last}")
    return CheckFailed(f"{framework}: the worker ended with status {status} and no answer{last}")
