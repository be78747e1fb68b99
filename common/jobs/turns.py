"""Turns: of several workers that are alive, the one computes whose parent signals it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue

from numpy.typing import NDArray

from common.files.bundle import pack


class Turns:
    """The `count` turns of one worker, whose folder is `box`."""

    def __init__(self, box: Path, count: int) -> None:
        self.box, self.count = box, count
        self.given: SimpleQueue[bytes] = SimpleQueue()  # filled by the thread that reads the pipe

    def show(self, result: Mapping[str, NDArray]) -> None:
        """Writes the first results of the worker, which the parent checks before it gives turns."""
        pack(self.box / "shown.npz", result)

    def take(self) -> Iterator[None]:
        """Signals that the worker is ready; yields once for each turn, as soon as it is given."""
        self.signal_parent()
        for _ in range(self.count):
            self.given.get()
            yield
            self.signal_parent()

    def signal_parent(self) -> None:
        """Signals to the parent that the worker is ready or has finished a turn."""
        with open(turns_file(self.box), "ab") as file:
            file.write(b".")


def turns_file(box: Path) -> Path:
    """The file in a worker's folder that grows by one byte with every signal to the parent."""
    return box / "turns"
