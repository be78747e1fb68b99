"""How much reading a file may cost: one rule for every kind of file, kept by every reader.

What a file says of its own lengths, shapes and counts is believed only as far as this goes. Beyond
it a file is refused in one line; sound files of every network here stay far below.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path

from common.errors import DataError

# The arrays of the largest network, inception_resnet_v2 with its head, as float32: 237 MB.
LARGEST = 240_000_000
# A training's file holds weights, averages and two slots of an optimizer, at most as float64: 8.
LARGEST_FILE = 20 * LARGEST
# An array costs its bytes where they are unpacked, and again where they become numbers; the same
# array may be in a file under two names. So compressed files may unpack to the largest network.
TIMES_ITS_SIZE = 4
# Opcodes of a pickle, fields of a message, objects in an HDF5 file: a microsecond or more for each.
# The largest network with its optimizer takes a third.
MOST_STEPS = 1_000_000
# The largest network has 1,114, its training's file five times as many.
MOST_ARRAYS = 10_000
LONGEST_NAME = 1_000
MOST_AXES = 32


class Budget:
    """What is left of what reading a file of a given size may cost."""

    def __init__(self, size: int) -> None:
        self.bytes = TIMES_ITS_SIZE * size + LARGEST
        self.steps = MOST_STEPS
        self.arrays = MOST_ARRAYS

    def take_bytes(self, count: int) -> None:
        """Spends memory, before it is allocated; raises DataError where too little is left."""
        self.bytes -= count
        if self.bytes < 0:
            raise DataError("it unpacks to far more than it could hold")

    def take_steps(self, count: int = 1) -> None:
        """Spends time; raises DataError where too little is left."""
        self.steps -= count
        if self.steps < 0:
            raise DataError("it is far too large to be weights: too many parts")

    def take_arrays(self, count: int = 1) -> None:
        """Counts arrays, or what may be some; raises DataError where there are too many."""
        self.arrays -= count
        if self.arrays < 0:
            raise DataError(f"it holds more than {MOST_ARRAYS:,} arrays, far too many for weights")


@contextmanager
def memory_limit(count: int) -> Iterator[None]:
    """Lets this process allocate so many bytes more: for a library that allocates what files say.

    Raises DataError where that is not enough.
    """
    now, (soft, hard) = Path("/proc/self/statm"), resource.getrlimit(resource.RLIMIT_AS)
    if not now.exists():  # as elsewhere than on Linux
        yield
        return
    limit = int(now.read_text().split()[0]) * resource.getpagesize() + count
    limit = limit if soft == resource.RLIM_INFINITY else min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    except MemoryError:
        if limit == soft:  # it is the user's own
            raise
        raise DataError("it unpacks to far more than it could hold") from None
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def check_name(name: object) -> str:
    """A name out of a file; raises ValueError unless it is a text, and of a sensible length."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise ValueError(f"a name that is no text of at most {LONGEST_NAME} letters")
    return name


def check_sizes(sizes: object) -> tuple[int, ...]:
    """A shape, or strides, out of a file; raises ValueError unless it is a few whole numbers."""
    if (
        not isinstance(sizes, tuple | list)
        or len(sizes) > MOST_AXES
        or not all(map(is_size, sizes))
    ):
        raise ValueError(f"a shape that is not of at most {MOST_AXES} whole numbers")
    return tuple(sizes)


def is_size(size: object) -> bool:
    """Whether a value is a whole number that the size of an array may be."""
    return type(size) is int and 0 <= size < 2**63


def check_shape(sizes: object, count: int) -> tuple[int, ...]:
    """The shape of an array of so many numbers; raises ValueError where it is of others."""
    shape = check_sizes(sizes)
    if prod(shape) != count:
        raise ValueError(f"{count} numbers that are said to have another shape, {shape}")
    return shape
