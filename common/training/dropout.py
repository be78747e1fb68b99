"""Dropout masks: a hash of the seed, the step, the layer and the position decides what is kept.

Every framework computes the same hash in integers, so even runs with dropout can be compared step
by step.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from common.spec import Shape


def dropout_key(seed: int, step: int, path: str) -> int:
    """The key of the dropout layer at `path` in one step, a 32-bit number."""
    return zlib.crc32(f"{seed}/{step}/{path}".encode())


def keeps(key: int, first: int, shape: Shape, rate: float) -> NDArray[np.bool_]:
    """The mask of the values to keep in a batch of this shape; True with probability 1 - rate.

    `first` is the index of the batch's first image among all images of the step, which several
    processes divide. The key and each value's position are hashed by shifts and multiplications,
    as in C. Wellons, "Prospecting for Hash Functions", 2018; the factors are two of his that are
    below 2**31, so that no product overflows an int64.
    """
    start = first * int(np.prod(shape[1:]))
    h = np.arange(start, start + np.prod(shape), dtype=np.int64) ^ key
    for shift, factor in ((16, 0x7FEB352D), (15, 0x31848BAB)):
        h = ((h ^ (h >> shift)) * factor) & 0xFFFFFFFF
    h ^= h >> 16
    return (h >= int(rate * 2**32)).reshape(shape)
