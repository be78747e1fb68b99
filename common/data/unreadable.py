"""Finds unreadable images by decoding every image of a data set once, in several threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from common.data.datasets import Split
from common.data.loader import THREADS
from common.errors import DataError

PART = 64  # images that a thread reads at once


def find_faults(split: Split) -> dict[str, str]:
    """The error message for each image that cannot be read, by the image's name."""

    def faults(indices: range) -> list[tuple[int, str]]:
        found = []
        for index in indices:
            try:
                split.read(index)
            except DataError as error:
                found.append((index, str(error)))
        return found

    pool = ThreadPoolExecutor(THREADS)
    try:
        count = len(split)
        parts = [range(first, min(first + PART, count)) for first in range(0, count, PART)]
        return {split.name(i): line for found in pool.map(faults, parts) for i, line in found}
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
