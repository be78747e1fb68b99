"""Data sets: labelled images in two or three splits, read one at a time."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Split:
    """The labelled images of one split of a data set.

    `read(i)` decodes image i to 8 bits, grey or RGB; `name(i)` is its name in messages. `contents`
    identifies the images: by the path of each, relative to the data's folder or, if they are in
    memory, by their number and a checksum.
    """

    labels: NDArray[np.int64]
    read: Callable[[int], Image.Image]
    name: Callable[[int], str]
    contents: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Training images, test images and the names of their classes.

    `val` has the images on which the best weights are chosen; without it, `test` is used for this,
    too. `unused` lists the images of a folder that belong to no split, because the record that it
    was split by does not have them; `others` counts the files that are not images by suffix.
    `small` images have a few dozen pixels on a side, so they are never cropped; `flips` says
    whether their mirror images show the same class.
    """

    source: str
    classes: tuple[str, ...]
    channels: int
    train: Split
    test: Split
    val: Split | None = None
    unused: tuple[str, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    small: bool = False
    flips: bool = True

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by name."""
        between = {"val": self.val} if self.val else {}
        return {"train": self.train, **between, "test": self.test}

    @property
    def selection(self) -> Split:
        """The split on which the best weights are chosen."""
        return self.val or self.test


@dataclass(frozen=True, kw_only=True)
class Record:
    """The `contents` of a data set's splits at the time when a run began.

    `labels` is a checksum of the training images' labels; None if it was not recorded.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    val: tuple[str, ...] = ()
    labels: int | None = None


def split_of_arrays(name: str, images: NDArray[np.uint8], labels: NDArray) -> Split:
    """A split of images in memory: grey, N x H x W, or RGB, N x H x W x 3."""
    labels = labels.astype(np.int64)
    checksum = zlib.crc32(labels.tobytes(), zlib.crc32(images.tobytes()))
    return Split(
        labels,
        lambda index: Image.fromarray(images[index]),
        lambda index: f"{name} {index}",
        (f"{len(images)} images with checksum {checksum:08x}",),
    )


def suffixes_text(others: Mapping[str, int]) -> str:
    """The number of files of the most frequent suffixes, as text, such as '12 .txt, 3 .csv'."""
    most = sorted(others.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {suffix}" for suffix, count in most[:4])
