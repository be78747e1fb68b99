"""Folders of IDX files, gzipped or not: MNIST, Fashion-MNIST, EMNIST."""

import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.data.sets import DataSet, Split, split_of_arrays
from common.errors import DataError

PARTS = {"train": "train", "test": "t10k"}


def open_mnist(folder: Path) -> DataSet:
    """The data set in a folder; its classes are called by their numbers."""
    splits = {part: read_split(folder, part) for part in PARTS}
    classes = max(int(split.labels.max()) for split in splits.values()) + 1
    if classes < 2:
        raise DataError(f"{folder}: all labels are 0, and there is nothing to learn from one class")
    return DataSet(f"mnist:{folder}", tuple(map(str, range(classes))), 1, **splits)


def read_split(folder: Path, part: str) -> Split:
    """The images and labels of one part."""
    image_file = find_file(folder, part, "images-idx3-ubyte")
    label_file = find_file(folder, part, "labels-idx1-ubyte")
    images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    if len(images) != len(labels) or not len(images):
        raise DataError(
            f"{image_file}: {len(images)} images, and {label_file}: {len(labels)} labels"
        )
    if image_file.name.startswith("emnist"):  # whose images are transposed, and letters from 1
        images, labels = images.transpose(0, 2, 1).copy(), labels - labels.min()
    return split_of_arrays(f"{image_file}, image", images, labels)


def find_file(folder: Path, part: str, ending: str) -> Path:
    """The file of a part: `train-images-idx3-ubyte`, in EMNIST with a name before it, or .gz."""
    names = {PARTS[part], part}  # EMNIST calls the second part `test`
    if not folder.is_dir():
        raise DataError(f"{folder}: no such directory")
    for path in sorted(folder.iterdir()):
        stem = path.name.removesuffix(".gz").replace(".idx", "-idx")
        if any(stem == f"{name}-{ending}" or stem.endswith(f"-{name}-{ending}") for name in names):
            return path
    raise DataError(f"{folder}: no {PARTS[part]}-{ending}, nor one with .gz")


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array of bytes in an IDX file; raises DataError unless its header and size are right."""
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    header = 4 * (dimensions + 1)
    if len(content) < header or content[:4] != bytes([0, 0, 8, dimensions]):
        raise DataError(f"{path}: not an IDX file of bytes in {dimensions} dimensions")
    shape = tuple(int(size) for size in np.frombuffer(content[4:header], ">u4"))
    if len(content) - header != int(np.prod(shape, dtype=object)):
        raise DataError(f"{path}: {len(content) - header} bytes, where {shape} are announced")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
