"""Finds unreadable images by decoding every image of a data set once, in several threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from common.data.datasets import Split
from common.data.loader import THREADS
from common.errors import DataError


def find_faults(split: Split) -> dict[str, str]:
    """The error message for each image that cannot be read, by the image's name."""

    def fault(index: int) -> str:
        try:
            split.read(index)
        except DataError as error:
            return str(error)
        return ""

    pool = ThreadPoolExecutor(THREADS)
    try:
        lines = pool.map(fault, range(len(split)))
        return {split.name(index): line for index, line in enumerate(lines) if line}
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
