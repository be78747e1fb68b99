"""Folders of IDX files, gzipped or not: MNIST, Fashion-MNIST, EMNIST."""

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from common.data.datasets import DataSet, Split, split_of_arrays
from common.errors import DataError

PARTS = {"train": "train", "test": "t10k"}
# A file may unpack to RATIO times its size plus FREE_BYTES; MNIST's files unpack to five times
# their size.
RATIO = 100
FREE_BYTES = 1 << 26
PART_BYTES = 1 << 20  # that are read at once


def open_mnist(folder: Path) -> DataSet:
    """The data set in a folder; its classes are named by their numbers."""
    train, test = (read_split(folder, part) for part in PARTS)
    classes = max(int(split.labels.max()) for split in (train, test)) + 1
    if classes < 2:
        raise DataError(f"{folder}: all labels are 0; training needs at least two classes")
    return DataSet(f"mnist:{folder}", tuple(map(str, range(classes))), 1, train, test)


def read_split(folder: Path, part: str) -> Split:
    """The images and labels of one split."""
    image_file = find_file(folder, part, "images-idx3-ubyte")
    label_file = find_file(folder, part, "labels-idx1-ubyte")
    images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    if len(images) != len(labels) or not len(images):
        raise DataError(
            f"{image_file}: {len(images)} images, and {label_file}: {len(labels)} labels"
        )
    if image_file.name.startswith("emnist"):  # its images are transposed, letters start at 1
        images, labels = images.transpose(0, 2, 1).copy(), labels - labels.min()
    return split_of_arrays(f"{image_file}, image", images, labels)


def find_file(folder: Path, part: str, ending: str) -> Path:
    """The file of a split, such as `train-images-idx3-ubyte`; EMNIST's names have a prefix."""
    names = {PARTS[part], part}  # the test split is `t10k` in MNIST, and `test` in EMNIST
    if not folder.is_dir():
        raise DataError(f"{folder}: no such directory")
    for path in sorted(folder.iterdir()):
        stem = path.name.removesuffix(".gz").replace(".idx", "-idx")
        if any(stem == f"{name}-{ending}" or stem.endswith(f"-{name}-{ending}") for name in names):
            return path
    raise DataError(f"{folder}: no {PARTS[part]}-{ending}, nor one with .gz")


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array of bytes in an IDX file; raises DataError unless its header and size are right.

    A gzipped file is unpacked only as far as its header declares, and only if a file of its size
    could plausibly contain that much.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: not a regular file")
    try:
        size = path.stat().st_size
        with gzip.GzipFile(path) if path.suffix == ".gz" else open(path, "rb") as file:
            shape = read_header(path, file, dimensions)
            count = prod(shape)
            if count > RATIO * size + FREE_BYTES:
                raise DataError(f"{path}: {size} bytes, but the header declares {shape}")
            content = np.empty(count, np.uint8)
            found = fill(content, file) + len(file.read(1))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if found != count:
        raise DataError(f"{path}: at least {found} bytes, but the header declares {shape}")
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
    while part := file.read(min(PART_BYTES, len(content) - done)):
        content[done : done + len(part)] = np.frombuffer(part, np.uint8)
        done += len(part)
    return done
