"""Data sets: labelled images in two splits, read one by one."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Split:
    """Some images of a data set: `read(i)` decodes one, 8 bits, grey or RGB; `name(i)` is whose.

    `contents` identifies the images: the path of each within the data's folder, or, of images that
    are in memory, their number and checksum.
    """

    labels: NDArray[np.int64]
    read: Callable[[int], Image.Image]
    name: Callable[[int], str]
    contents: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class DataSet:
    """Images to train with and images to test with, and what the labels mean.

    `unused` are the images of a folder that belong to neither, since they are not in the record by
    which it was split.
    """

    source: str
    classes: tuple[str, ...]
    channels: int
    train: Split
    test: Split
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """The `contents` of both splits of a data set, as they were when a run began."""

    train: tuple[str, ...]
    test: tuple[str, ...]


def split_of_arrays(name: str, images: NDArray[np.uint8], labels: NDArray) -> Split:
    """A split of grey images N x H x W that are in memory."""
    labels = labels.astype(np.int64)
    checksum = zlib.crc32(labels.tobytes(), zlib.crc32(images.tobytes()))
    return Split(
        labels,
        lambda index: Image.fromarray(images[index]),
        lambda index: f"{name} {index}",
        (f"{len(images)} images with checksum {checksum:08x}",),
    )
