"""Batches from a data set, decoded by several threads, a few batches ahead."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from common.data.augment import Augment, augmented
from common.data.datasets import Split
from common.data.images import to_input
from common.errors import DataError
from common.spec import Shape
from common.spec.preprocess import Preprocess

AHEAD = 3  # batches
THREADS = 2
PLAIN = Augment()


@dataclass(frozen=True)
class Batch:
    """Images, N x C x H x W, and their N labels."""

    x: NDArray
    labels: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Loader:
    """A split as batches of `size` images for an input C x H x W, preprocessed as `how` defines.

    `seed` determines the order of the images and the random changes of `augment`.
    """

    split: Split
    input: Shape
    size: int
    how: Preprocess
    seed: int = 0
    augment: Augment = PLAIN

    @property
    def steps(self) -> int:
        """The number of steps in an epoch: the full batches; the remaining images are left out."""
        return len(self.split) // self.size

    def check(self) -> None:
        """Raises DataError if the split has no full batch."""
        if not self.steps:
            raise DataError(
                f"{len(self.split)} training images are fewer than one batch of {self.size}; "
                "use a smaller --batch"
            )

    def epoch(self, number: int, first: int = 0, rank: int = 0, ranks: int = 1) -> Iterator[Batch]:
        """The shuffled, augmented batches of epoch `number`, from batch `first` on.

        With several processes (`ranks`), the one with this `rank` gets its part of each batch.
        """
        order = np.random.default_rng([self.seed, number]).permutation(len(self.split))
        share = self.size // ranks
        starts = range(first * self.size, self.steps * self.size, self.size)
        rows = (order[start + rank * share : start + (rank + 1) * share] for start in starts)
        return self.read_ahead(rows, number)

    def in_order(self) -> Iterator[Batch]:
        """All images once, in order and without augmentation; the last batch may be smaller."""
        everything = np.arange(len(self.split))
        starts = range(0, len(everything), self.size)
        return self.read_ahead((everything[s : s + self.size] for s in starts), None)

    def read_ahead(self, rows: Iterable[NDArray], epoch: int | None) -> Iterator[Batch]:
        """The batches of the given images; the next few are decoded in the background."""
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
        """Starts decoding a batch; returns its labels and the futures of its images."""
        images = [pool.submit(self.read, int(index), epoch) for index in row]
        return self.split.labels[row], images

    def read(self, index: int, epoch: int | None) -> NDArray[np.float32]:
        """One image as C x H x W, augmented unless `epoch` is None."""
        image, how = self.split.read(index), self.how
        if epoch is not None:
            draw = np.random.default_rng([self.seed, epoch, index])
            image = augmented(image, self.augment, draw)
            if self.augment.area < 1:  # the whole crop is used
                how = replace(how, fit="squeeze")
        return to_input(image, self.input, how)
