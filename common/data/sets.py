"""Data sets: labelled images in two splits, read one by one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Split:
    """Some images of a data set: `read(i)` decodes one, 8 bits, grey or RGB; `name(i)` is whose."""

    labels: NDArray[np.int64]
    read: Callable[[int], Image.Image]
    name: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class DataSet:
    """Images to train with and images to test with, and what the labels mean."""

    source: str
    classes: tuple[str, ...]
    channels: int
    train: Split
    test: Split


def split_of_arrays(name: str, images: NDArray[np.uint8], labels: NDArray) -> Split:
    """A split of grey images N x H x W that are in memory."""
    return Split(
        labels.astype(np.int64),
        lambda index: Image.fromarray(images[index]),
        lambda index: f"{name} {index}",
    )
