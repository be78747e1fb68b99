"""Turns: a worker that is timed computes only when its parent says so, one worker at a time."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue
from statistics import median

from numpy.typing import NDArray

from common.files.bundle import pack

WARM_UP = 2
# A turn is as many calls as this takes, and one before that brings the worker's data back into
# the processor's caches and does not count.
TURN_SECONDS = 0.5


class Turns:
    """So many turns of one worker, which has the folder `box` for its own."""

    def __init__(self, box: Path, count: int) -> None:
        self.box, self.count = box, count
        self.shown_at = 0.0
        self.seconds: list[float] = []  # of a call, the median of each turn
        self.given: SimpleQueue[bytes] = SimpleQueue()  # by the thread that reads the pipe

    def show(self, found: Mapping[str, NDArray]) -> None:
        """Leaves for the parent what the worker computes first, before it is timed."""
        self.shown_at = time.perf_counter()
        pack(self.box / "shown.npz", found)

    def calls(self) -> Iterator[None]:
        """Yields whenever a call is to be made: some to warm up, then those of the turns."""
        for _ in range(WARM_UP):
            yield
        self.tell()
        for _ in range(self.count):
            self.given.get()
            yield
            seconds: list[float] = []
            while sum(seconds) < TURN_SECONDS:
                began = time.perf_counter()
                yield
                seconds.append(time.perf_counter() - began)
            self.seconds.append(median(seconds))
            self.tell()

    def tell(self) -> None:
        """Tells the parent that the worker is ready, or has done another turn."""
        with open(turns_file(self.box), "ab") as file:
            file.write(b".")


def turns_file(box: Path) -> Path:
    """A file in a worker's folder, a byte longer whenever the worker has something to tell."""
    return box / "turns"
