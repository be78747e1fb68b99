"""IDX files, the format of MNIST, read no further than their headers declare."""

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError

GZIP = b"\x1f\x8b"
# A file may unpack to RATIO times its size plus FREE_BYTES; MNIST's files unpack to five times
# their size.
RATIO = 100
FREE_BYTES = 1 << 26
CHUNK_BYTES = 1 << 20  # that are read at once


def open_unpacked(path: Path) -> IO[bytes] | gzip.GzipFile:
    """Opens a file that may be gzipped, whatever its name says."""
    file = open(path, "rb")  # noqa: SIM115 - returned open, or closed here
    if file.read(2) != GZIP:
        file.seek(0)
        return file
    file.close()
    return gzip.GzipFile(path)


def dimensions_of(path: Path) -> int:
    """The number of dimensions of the bytes in an IDX file; 0 if it is not one."""
    try:
        with open_unpacked(path) as file:
            start = file.read(4)
    except (OSError, EOFError, zlib.error):
        return 0
    return start[3] if len(start) == 4 and start[:3] == bytes([0, 0, 8]) else 0


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array of bytes in an IDX file; raises DataError unless its header and size are right.

    A gzipped file is unpacked only as far as its header declares, and only if a file of its size
    could plausibly contain that much.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: not a regular file")
    try:
        size = path.stat().st_size
        with open_unpacked(path) as file:
            shape = read_header(path, file, dimensions)
            count = prod(shape)
            if count > RATIO * size + FREE_BYTES:
                raise DataError(f"{path}: {size} bytes, but the header declares {shape}")
            content = np.empty(count, np.uint8)
            length = fill(content, file) + len(file.read(1))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if length != count:
        raise DataError(f"{path}: at least {length} bytes, but the header declares {shape}")
    return content.reshape(shape)


def read_header(path: Path, file: IO[bytes] | gzip.GzipFile, dimensions: int) -> tuple[int, ...]:
    """The shape declared in the header of an IDX file."""
    header = file.read(4 * (dimensions + 1))
    if len(header) < 4 * (dimensions + 1) or header[:4] != bytes([0, 0, 8, dimensions]):
        raise DataError(f"{path}: not an IDX file of bytes in {dimensions} dimensions")
    return tuple(int(size) for size in np.frombuffer(header[4:], ">u4"))


def fill(content: NDArray[np.uint8], file: IO[bytes] | gzip.GzipFile) -> int:
    """Reads a file into the array until either ends; returns the number of bytes read."""
    done = 0
    while chunk := file.read(min(CHUNK_BYTES, len(content) - done)):
        content[done : done + len(chunk)] = np.frombuffer(chunk, np.uint8)
        done += len(chunk)
    return done
