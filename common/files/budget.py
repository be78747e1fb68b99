"""Limits on the memory and time of reading a file: one rule for all formats and readers.

The lengths, shapes and counts that a file declares are trusted only within these limits. A file
that exceeds them is refused with a DataError; valid files of every network here stay far below.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path

from common.errors import DataError

# The arrays of the largest network, inception_resnet_v2 with its head, as float32: 237 MB.
LARGEST = 240_000_000
# A training checkpoint holds weights, averages and two optimizer slots: 4 times the weights, or 8
# times as float64. The limit is more than twice that.
LARGEST_FILE = 20 * LARGEST
# Reading may take 4 x the file's size + LARGEST bytes of memory. The factor is 4 because an array's
# bytes are counted twice, when they are unpacked and when they become an array, and a file may hold
# the same array under two names. LARGEST allows a compressed file to unpack to the largest network.
TIMES_ITS_SIZE = 4
# An operation reads an opcode of a pickle, a field of a protobuf message or a part of an HDF5 file,
# and takes a microsecond or more. The largest network with its optimizer needs a third of these.
MAX_OPERATIONS = 1_000_000
# The largest network has 1,114 arrays, and its training checkpoint five times as many.
MAX_ARRAYS = 10_000
# In characters, and in axes of an array.
LONGEST_NAME = 1_000
MAX_AXES = 32


class Budget:
    """The memory, operations and arrays that are left for reading a file of `size` bytes."""

    def __init__(self, size: int) -> None:
        self.bytes = TIMES_ITS_SIZE * size + LARGEST
        self.operations = MAX_OPERATIONS
        self.arrays = MAX_ARRAYS

    def take_bytes(self, count: int) -> None:
        """Counts bytes before they are allocated; raises DataError if too few are left."""
        self.bytes -= count
        if self.bytes < 0:
            raise DataError("its uncompressed size exceeds the limit for a file of this size")

    def take_operations(self, count: int = 1) -> None:
        """Counts operations, which stand for time; raises DataError if too few are left."""
        self.operations -= count
        if self.operations < 0:
            raise DataError("it has too many parts to be a weights file")

    def take_arrays(self, count: int = 1) -> None:
        """Counts arrays, or possible arrays; raises DataError if there are too many."""
        self.arrays -= count
        if self.arrays < 0:
            raise DataError(
                f"it contains more than {MAX_ARRAYS:,} arrays, too many for a weights file"
            )


@contextmanager
def memory_limit(count: int) -> Iterator[None]:
    """Limits this process to allocating at most `count` more bytes, on Linux.

    For libraries that allocate whatever a file declares. Raises DataError if the limit is exceeded.
    """
    now, (soft, hard) = Path("/proc/self/statm"), resource.getrlimit(resource.RLIMIT_AS)
    if not now.exists():  # not on Linux
        yield
        return
    limit = int(now.read_text().split()[0]) * resource.getpagesize() + count
    limit = limit if soft == resource.RLIM_INFINITY else min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    except MemoryError:
        if limit == soft:  # the user's own limit
            raise
        raise DataError("its uncompressed size exceeds the limit for a file of this size") from None
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def check_name(name: object) -> str:
    """A name from a file; raises ValueError unless it is text of a sensible length."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise ValueError(f"a name that is not a string of at most {LONGEST_NAME} characters")
    return name


def check_sizes(sizes: object) -> tuple[int, ...]:
    """A shape, or strides, from a file; raises ValueError unless it is a few whole numbers."""
    if not isinstance(sizes, tuple | list) or len(sizes) > MAX_AXES or not all(map(is_size, sizes)):
        raise ValueError(f"a shape that is not of at most {MAX_AXES} whole numbers")
    return tuple(sizes)


def is_size(size: object) -> bool:
    """Whether a value is a whole number and a possible size of an array."""
    return type(size) is int and 0 <= size < 2**63


def check_shape(sizes: object, count: int) -> tuple[int, ...]:
    """The shape of an array of `count` numbers; raises ValueError if the two disagree."""
    shape = check_sizes(sizes)
    if prod(shape) != count:
        raise ValueError(f"{count} numbers that do not match the declared shape {shape}")
    return shape
