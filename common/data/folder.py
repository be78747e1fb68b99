"""Folders of images: a folder per class, in `train` and `val` or in one tree."""

import zlib
from pathlib import Path

import numpy as np

from common.data.images import SUFFIXES, open_image
from common.data.sets import DataSet, Split
from common.errors import DataError


def open_folder(folder: Path, val_split: float) -> DataSet:
    """The data set in a folder; no image is decoded before it is read."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such directory")
    if (folder / "train").is_dir():
        train = list_images(folder / "train")
        test = list_images(find_test(folder))
        if list(train) != list(test):
            odd = sorted(set(train) ^ set(test))
            raise DataError(
                f"{folder}: train and val have not the same classes; {odd[0]} is in one"
            )
    else:
        train, test = divide(list_images(folder), val_split)
    return DataSet(f"folder:{folder}", tuple(train), 3, make_split(train), make_split(test))


def find_test(folder: Path) -> Path:
    """Where the images to test with are."""
    for path in (folder / "val", folder / "test"):
        if path.is_dir():
            return path
    raise DataError(f"{folder}: train/ has neither val/ nor test/ beside it; make one of them")


def list_images(folder: Path) -> dict[str, list[Path]]:
    """The images of every class, both in the order of their names."""
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    if len(classes) < 2:
        raise DataError(f"{folder}: {len(classes)} class folders; there must be two or more")
    found = {}
    for path in classes:
        images = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        found[path.name] = [image for image in images if image.name[0] != "."]
        if not found[path.name]:
            raise DataError(f"{path}: no images in this class folder ({', '.join(SUFFIXES)})")
    return found


def divide(images: dict[str, list[Path]], share: float) -> tuple[dict, dict]:
    """Each class in two, so much of it to test with, drawn by its name alone."""
    train: dict[str, list[Path]] = {}
    test: dict[str, list[Path]] = {}
    for name, paths in images.items():
        count = max(1, round(share * len(paths)))
        if count == len(paths):
            raise DataError(f"{paths[0].parent}: {len(paths)} images are too few to split")
        order = np.random.default_rng(zlib.crc32(name.encode())).permutation(len(paths))
        test[name] = [paths[i] for i in sorted(order[:count])]
        train[name] = [paths[i] for i in sorted(order[count:])]
    return train, test


def make_split(images: dict[str, list[Path]]) -> Split:
    """The images of all classes as one split."""
    paths = [path for class_images in images.values() for path in class_images]
    counts = [len(class_images) for class_images in images.values()]
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
    return Split(labels, lambda index: open_image(paths[index]), lambda index: str(paths[index]))
