"""MNIST, Fashion-MNIST, EMNIST and others like them: IDX files, or Keras' `mnist.npz`."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.data.datasets import DataSet, Split, split_of_arrays
from common.data.idx import dimensions_of, read_idx
from common.data.inner_folder import inner_folder
from common.errors import DataError
from common.files.archives import Archive
from common.files.budget import Budget
from common.files.numpy_files import read_npz
from common.files.regular_file import check_regular

SPLITS = {"train": r"train", "test": r"t10k|test"}  # how the names of a split's files begin
KINDS = {1: "labels", 3: "images"}  # by the number of dimensions
USUAL = re.compile(r"(images|labels)[-.]idx[13]-ubyte(\.gz)?$")

# The errors of NumPy and `zipfile` for a broken archive.
UNREADABLE = (
    *(OSError, EOFError, ValueError, KeyError, NotImplementedError),
    *(zlib.error, zipfile.BadZipFile),
)


def open_mnist(location: Path) -> DataSet:
    """The data set in a folder of IDX files or in an `.npz` file; its classes are numbers."""
    archive = location / "mnist.npz"  # as in ~/.keras/datasets
    if location.is_file():
        train, test = read_archive(location)
    elif archive.is_file() and not any(idx_files(location)):
        train, test = read_archive(archive)
    else:
        folder = inner_folder(location, "*/raw", lambda path: any(idx_files(path)))
        train, test = (read_split(folder, split) for split in SPLITS)
    classes = max(int(split.labels.max()) for split in (train, test)) + 1
    if classes < 2:
        raise DataError(f"{location}: all labels are 0; training needs at least two classes")
    names = tuple(map(str, range(classes)))
    return DataSet(
        source=f"mnist:{location}",
        classes=names,
        channels=1,
        train=train,
        test=test,
        small=True,
        flips=False,
    )


def read_split(folder: Path, split: str) -> Split:
    """The images and labels of one split."""
    image_file, label_file = (find_file(folder, split, kind) for kind in ("images", "labels"))
    images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    if len(images) != len(labels) or not len(images):
        raise DataError(
            f"{image_file}: {len(images)} images, and {label_file}: {len(labels)} labels"
        )
    if image_file.name.startswith("emnist"):  # its images are transposed, letters start at 1
        images, labels = images.transpose(0, 2, 1).copy(), labels - labels.min()
    return split_of_arrays(f"{image_file}, image", images, labels)


def idx_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """The IDX files in a folder, and whether each has `images` or `labels`.

    A file is one by its name, as MNIST has them, or by its first bytes.
    """
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            continue
        if usual := USUAL.search(path.name.lower()):
            yield path, usual[1]
        elif path.is_file() and (kind := KINDS.get(dimensions_of(path))):
            yield path, kind


def find_file(folder: Path, split: str, kind: str) -> Path:
    """The file of a split, such as `train-images-idx3-ubyte`; EMNIST's names have a prefix."""
    files: dict[str, Path] = {}  # by the name without .gz: unpacked files may lie beside the others
    for path, its_kind in idx_files(folder):
        if its_kind == kind and re.search(rf"(?<![a-z])({SPLITS[split]})", path.name.lower()):
            files.setdefault(path.name.removesuffix(".gz"), path)
    if not files:
        raise DataError(
            f"{folder}: no {kind} of the {split} split, such as {split.replace('test', 't10k')}-"
            f"{kind}-idx{'3' if kind == 'images' else '1'}-ubyte or the same with .gz"
        )
    first, *more = files.values()
    if more:
        raise DataError(
            f"{folder}: {first.name} and {more[0].name} are both {kind} of the {split} split; "
            "put each data set into its own folder"
        )
    return first


def read_archive(path: Path) -> tuple[Split, Split]:
    """The splits in an `.npz` file with the arrays x_train, y_train, x_test and y_test."""
    size = check_regular(path, "a data set")
    try:
        with Archive(path, Budget(size)) as archive:
            arrays = read_npz(archive)
    except DataError as error:
        raise DataError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read as an .npz file ({error})") from None
    if missing := {"x_train", "y_train", "x_test", "y_test"} - set(arrays):
        raise DataError(
            f"{path}: no array {min(missing)}; expected x_train, y_train, x_test and y_test"
        )
    train, test = (
        checked_split(path, split, arrays[f"x_{split}"], arrays[f"y_{split}"]) for split in SPLITS
    )
    return train, test


def checked_split(path: Path, split: str, images: NDArray, labels: NDArray) -> Split:
    """One split of an `.npz` file; raises DataError unless it holds grey images and labels."""
    if images.ndim != 3 or images.dtype != np.uint8 or not images.size:
        raise DataError(
            f"{path}: x_{split} is {images.dtype} of shape {images.shape}; expected uint8 of shape "
            "N x height x width"
        )
    labels = labels.reshape(-1) if labels.shape == (len(images), 1) else labels
    if labels.shape != (len(images),) or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise DataError(
            f"{path}: y_{split} is {labels.dtype} of shape {labels.shape}; expected "
            f"{len(images)} class numbers"
        )
    return split_of_arrays(f"{path}, {split} image", images, labels)
