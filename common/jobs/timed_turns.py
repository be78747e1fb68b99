"""Turns: a worker that is timed computes only when its parent signals it, one worker at a time."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue
from statistics import median

from numpy.typing import NDArray

from common.files.bundle import pack

WARM_UP = 2  # calls
# A turn makes timed calls for this long. Before them it makes one that is not timed, which brings
# the worker's data back into the processor's caches.
TURN_SECONDS = 0.5


class Turns:
    """The `count` turns of one worker, whose folder is `box`.

    The worker first calls `show`, and then makes one call for each item that `calls` yields.
    """

    def __init__(self, box: Path, count: int) -> None:
        self.box, self.count = box, count
        self.shown_at = 0.0
        self.seconds: list[float] = []  # for each turn, the median duration of a call
        self.given: SimpleQueue[bytes] = SimpleQueue()  # filled by the thread that reads the pipe

    def show(self, result: Mapping[str, NDArray]) -> None:
        """Writes the first results of the worker, which the parent checks before it gives turns."""
        self.shown_at = time.perf_counter()
        pack(self.box / "shown.npz", result)

    def calls(self) -> Iterator[None]:
        """Yields once for each call to make: first to warm up, then in each turn."""
        for _ in range(WARM_UP):
            yield
        self.signal_parent()
        for _ in range(self.count):
            self.given.get()
            yield
            seconds: list[float] = []
            while sum(seconds) < TURN_SECONDS:
                began = time.perf_counter()
                yield
                seconds.append(time.perf_counter() - began)
            self.seconds.append(median(seconds))
            self.signal_parent()

    def signal_parent(self) -> None:
        """Signals to the parent that the worker is ready or has finished a turn."""
        with open(turns_file(self.box), "ab") as file:
            file.write(b".")


def turns_file(box: Path) -> Path:
    """The file in a worker's folder that grows by one byte with every signal to the parent."""
    return box / "turns"
