"""CIFAR-10 and CIFAR-100 as published: the version for Python or the binary one, packed or not.

A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
"""

import re
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.data.datasets import DataSet, Split, split_of_arrays
from common.data.inner_folder import inner_folder
from common.errors import DataError
from common.files.budget import Budget
from common.files.pickle_data import read_pickle_data
from common.files.pickle_values import CallResult
from common.files.pickled_arrays import Interpreter, NotAnArray
from common.files.regular_file import check_regular, read_regular

SIDE = 32  # pixels
LARGEST = 1_000_000_000  # bytes of an unpacked archive; the largest of CIFAR's has 187 million
WANTED = re.compile(
    r"(data_batch_\d|test_batch|train|test)(\.bin)?|(batches\.)?meta|batches\.meta\.txt"
    r"|fine_label_names\.txt"
)


@dataclass(frozen=True, kw_only=True)
class Version:
    """The files of one data set, and where in them the labels and their names are."""

    train: tuple[str, ...]
    test: str
    meta: str  # the pickle with the class names
    names: str  # their key in it
    text: str  # the file with the class names in the binary version
    labels: str  # the key of the labels in the pickles with images
    label_bytes: int  # before each image in the binary version; the last one is the label


CIFAR_10 = Version(
    train=tuple(f"data_batch_{number}" for number in range(1, 6)),
    test="test_batch",
    meta="batches.meta",
    names="label_names",
    text="batches.meta.txt",
    labels="labels",
    label_bytes=1,
)
CIFAR_100 = Version(
    train=("train",),
    test="test",
    meta="meta",
    names="fine_label_names",
    text="fine_label_names.txt",
    labels="fine_labels",
    label_bytes=2,
)


def open_cifar(location: Path) -> DataSet:
    """The data set in a folder or in a `.tar.gz` archive; of CIFAR-100, the 100 fine classes."""
    files = unpack(location) if location.is_file() else read_folder(location)
    stems = {name.removesuffix(".bin") for name in files}
    version = next((each for each in (CIFAR_10, CIFAR_100) if each.test in stems), None)
    if version is None:
        raise DataError(
            f"{location}: no files of CIFAR; expected data_batch_1 to 5 and test_batch, or "
            "train and test, with or without .bin"
        )
    train = make_split(location, version, files, version.train)
    test = make_split(location, version, files, (version.test,))
    count = max(int(split.labels.max()) for split in (train, test)) + 1
    names = class_names(location, version, files) or tuple(map(str, range(count)))
    if len(names) < max(count, 2):
        raise DataError(f"{location}: {count} classes, but {len(names)} names of classes")
    return DataSet(
        source=f"cifar:{location}", classes=names, channels=3, train=train, test=test, small=True
    )


def read_folder(location: Path) -> dict[str, bytes]:
    """The files of CIFAR in a folder, or in the one folder of CIFAR in it."""

    def listed(folder: Path) -> list[Path]:
        return [path for path in folder.iterdir() if WANTED.fullmatch(path.name) and path.is_file()]

    folder = inner_folder(location, "cifar-*", lambda path: bool(listed(path)))
    return {path.name: read_regular(path) for path in listed(folder)}


def unpack(path: Path) -> dict[str, bytes]:
    """The files of CIFAR in an archive; nothing is written to disk."""
    check_regular(path, "a data set")
    files, size = {}, 0
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                size += max(member.size, 512)
                if size > LARGEST:
                    raise DataError(f"{path}: unpacks to more than {LARGEST:,} bytes")
                name = member.name.rpartition("/")[2]
                if WANTED.fullmatch(name) and (file := archive.extractfile(member)):
                    files[name] = file.read()
    except (OSError, EOFError, ValueError, TypeError, zlib.error, tarfile.TarError) as error:
        raise DataError(f"{path}: cannot be read as an archive ({error})") from None
    return files


def make_split(
    location: Path, version: Version, files: Mapping[str, bytes], names: tuple[str, ...]
) -> Split:
    """The images and labels in these files."""
    batches = []
    for name in names:
        try:
            if content := files.get(f"{name}.bin"):
                batches.append(read_binary(content, version))
            elif content := files.get(name):
                batches.append(read_pickled(content, version))
            else:
                raise DataError("no such file")
        except DataError as error:
            raise DataError(f"{location}: {name}: {error}") from None
    images, labels = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    pixels = images.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return split_of_arrays(f"{location}, {names[0]}, image", np.ascontiguousarray(pixels), labels)


def read_binary(content: bytes, version: Version) -> tuple[NDArray[np.uint8], NDArray]:
    """The images, N x 3072, and the labels of a binary file: rows of labels and pixels."""
    row = version.label_bytes + 3 * SIDE * SIDE
    if len(content) % row:
        raise DataError(f"{len(content)} bytes, not a multiple of {row}")
    rows = np.frombuffer(content, np.uint8).reshape(-1, row)
    return rows[:, version.label_bytes :], rows[:, version.label_bytes - 1]


def read_pickled(content: bytes, version: Version) -> tuple[NDArray[np.uint8], NDArray]:
    """The images, N x 3072, and the labels of a pickle, of which nothing is executed."""
    budget = Budget(len(content))
    table = text_keys(read_pickle_data(content, budget))
    try:
        images = Interpreter(budget).array(table.get("data"))
    except NotAnArray as error:
        raise DataError(f"its `data` is not an array ({error})") from None
    labels = table.get(version.labels)
    if not isinstance(labels, list) or not all(
        type(label) is int and 0 <= label < 1000 for label in labels
    ):
        raise DataError(f"its `{version.labels}` are not a list of class numbers")
    if images.shape != (len(labels), 3 * SIDE * SIDE) or images.dtype != np.uint8 or not labels:
        raise DataError(
            f"its `data` is {images.dtype} of shape {images.shape}; expected uint8 of shape "
            f"({len(labels)}, {3 * SIDE * SIDE})"
        )
    return images, np.array(labels)


def class_names(location: Path, version: Version, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The names of the classes; empty if no file has them."""
    if text := files.get(version.text):
        return tuple(text.decode(errors="replace").split())
    if content := files.get(version.meta):
        try:
            table = text_keys(read_pickle_data(content, Budget(len(content))))
        except DataError as error:
            raise DataError(f"{location}: {version.meta}: {error}") from None
        names = table.get(version.names)
        if isinstance(names, list) and all(isinstance(name, str | bytes) for name in names):
            return tuple(as_text(name) for name in names)
        raise DataError(
            f"{location}: {version.meta}: its `{version.names}` are not a list of names"
        )
    return ()


def text_keys(value: Any) -> dict[str, Any]:
    """A pickled dict with its keys as text; Python 2 wrote them as bytes."""
    items = value.items if isinstance(value, CallResult) else value
    if not isinstance(items, dict):
        raise DataError("it does not hold a dict")
    return {as_text(key): item for key, item in items.items() if isinstance(key, str | bytes)}


def as_text(name: str | bytes) -> str:
    """A name as text."""
    return name.decode(errors="replace") if isinstance(name, bytes) else name
