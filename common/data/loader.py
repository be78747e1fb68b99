"""Batches out of a data set, decoded by several threads, a few ahead and no more."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from common.data.augment import Augment, augmented
from common.data.images import to_input
from common.data.sets import Split
from common.errors import DataError
from common.preprocess import Preprocess
from common.spec import Shape

AHEAD = 3
THREADS = 2
PLAIN = Augment()


@dataclass(frozen=True)
class Batch:
    """Images N x C x H x W, and their N labels."""

    x: NDArray
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Loader:
    """A split as batches of `size` images, for an input C x H x W, preprocessed as `how` says."""

    split: Split
    input: Shape
    size: int
    how: Preprocess
    seed: int = 0
    augment: Augment = PLAIN

    @property
    def steps(self) -> int:
        """Full batches in the split; an epoch leaves out what is over."""
        return len(self.split) // self.size

    def check(self) -> None:
        """Raises DataError where there is not one full batch."""
        if not self.steps:
            raise DataError(
                f"{len(self.split)} images to train with make no batch of {self.size}; "
                "give a smaller --batch"
            )

    def epoch(self, number: int, first: int = 0, rank: int = 0, ranks: int = 1) -> Iterator[Batch]:
        """An epoch's shuffled, augmented batches from `first` on; of each, a process's share."""
        order = np.random.default_rng([self.seed, number]).permutation(len(self.split))
        share = self.size // ranks
        starts = range(first * self.size, self.steps * self.size, self.size)
        rows = (order[start + rank * share : start + (rank + 1) * share] for start in starts)
        return self.read_ahead(rows, number)

    def in_order(self) -> Iterator[Batch]:
        """Every image once, as it is; the last batch may be smaller."""
        everything = np.arange(len(self.split))
        starts = range(0, len(everything), self.size)
        return self.read_ahead((everything[s : s + self.size] for s in starts), None)

    def read_ahead(self, rows: Iterable[NDArray], epoch: int | None) -> Iterator[Batch]:
        """The batches of these images, while the next few are being decoded."""
        rows = iter(rows)
        pool = ThreadPoolExecutor(THREADS)
        try:
            waiting = deque(self.begin(pool, row, epoch) for row in islice(rows, AHEAD))
            while waiting:
                labels, images = waiting.popleft()
                waiting.extend(self.begin(pool, row, epoch) for row in islice(rows, 1))
                yield Batch(np.stack([image.result() for image in images]), labels)
        finally:
            pool.shutdown(cancel_futures=True)

    def begin(
        self, pool: ThreadPoolExecutor, row: NDArray, epoch: int | None
    ) -> tuple[NDArray[np.int64], list[Future]]:
        """A batch's labels, and its images to come."""
        images = [pool.submit(self.read, int(index), epoch) for index in row]
        return self.split.labels[row], images

    def read(self, index: int, epoch: int | None) -> NDArray[np.float32]:
        """One image as C x H x W, augmented unless it is of no epoch."""
        image, how = self.split.read(index), self.how
        if epoch is not None:
            draw = np.random.default_rng([self.seed, epoch, index])
            image = augmented(image, self.augment, draw)
            if self.augment.area < 1:  # what is cut out is used whole
                how = replace(how, fit="squeeze")
        return to_input(image, self.input, how)
