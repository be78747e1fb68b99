"""Finds unreadable images by decoding every image of a data set once, in several threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from common.data.datasets import Split
from common.data.loader import THREADS
from common.errors import DataError

CHUNK = 64  # images that a thread reads at once


def find_faults(split: Split) -> dict[str, str]:
    """The error message for each image that cannot be read, by the image's name."""

    def faults(indices: range) -> list[tuple[int, str]]:
        batch = []
        for index in indices:
            try:
                split.read(index)
            except DataError as error:
                batch.append((index, str(error)))
        return batch

    pool = ThreadPoolExecutor(THREADS)
    try:
        count = len(split)
        chunks = [range(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
        return {split.name(i): line for batch in pool.map(faults, chunks) for i, line in batch}
    finally:  # even if the user interrupts it
        pool.shutdown(cancel_futures=True)


def without(split: Split, names: set[str]) -> Split:
    """The split without the images that `names` lists."""
    if not names:
        return split
    kept = np.array([i for i in range(len(split)) if split.name(i) not in names], np.int64)
    return Split(
        split.labels[kept],
        lambda index: split.read(int(kept[index])),
        lambda index: split.name(int(kept[index])),
    )
