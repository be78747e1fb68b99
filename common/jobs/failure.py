"""The outcome of a worker: its answer, or a one-line error if it has ended without one."""

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

from common.errors import CheckFailed, DataError, UserError

MAX_LOG = 10_000_000  # bytes of a worker's log
TAIL, MAX_SHOWN = 20_000, 200  # bytes of the log that are read; characters that are shown
NAMES = {each.value: each.name for each in signal.Signals}
# The out-of-memory messages of PyTorch, TensorFlow and Paddle.
OUT_OF_MEMORY = re.compile(
    r"can't allocate memory|not enough memory|out of memory|OOM when|ResourceExhausted|bad_alloc"
    r"|Cannot allocate|Cannot malloc|MemoryError",
    re.IGNORECASE,
)


def read_answer(box: Path) -> dict:
    """The answer of a worker, a report's measurements or an error; {} if it has written none."""
    try:
        return dict(json.loads((box / "answer.json").read_text()))
    except (OSError, ValueError, TypeError):
        return {}


def shorten_log(box: Path) -> None:
    """Empties the log of a worker if it has become too long."""
    with suppress(OSError):
        if (box / "stderr").stat().st_size > MAX_LOG:
            os.truncate(box / "stderr", 0)


def read_log(box: Path) -> str:
    """The end of a worker's log; "" if user code has removed the file."""
    try:
        with open(box / "stderr", "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - TAIL))
            return log.read().decode(errors="replace").strip()
    except OSError:
        return ""


def how_it_ended(framework: str, status: int, box: Path) -> UserError:
    """The one-line error for a worker that ended without an answer."""
    log = read_log(box)
    last = f" ({log.splitlines()[-1].strip()[:MAX_SHOWN]})" if log else ""
    if status == -signal.SIGKILL:
        return DataError(
            f"{framework}: the worker was killed (signal 9), as the system does when memory runs "
            "out; use a smaller batch or image"
        )
    if status and OUT_OF_MEMORY.search(log[-5000:]):
        return DataError(f"{framework}: out of memory{last}; use a smaller batch or image")
    if status < 0:
        name = NAMES.get(-status, "unnamed")
        return CheckFailed(
            f"{framework}: the worker was terminated by signal {-status}, {name}{last}"
        )
    return CheckFailed(f"{framework}: the worker ended with status {status} and no answer{last}")
