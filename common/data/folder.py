"""Folders of images: a folder per class, in `train` and `val` or in one tree."""

import hashlib
import os
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from common.data.images import SUFFIXES, open_image
from common.data.sets import DataSet, Record, Split
from common.errors import DataError

Images = dict[str, list[Path]]  # of each class, in the order of their names


def open_folder(folder: Path, val_split: float, record: Record | None = None) -> DataSet:
    """The data set in a folder; no image is decoded before it is read.

    With a record, images that it does not name belong to neither split.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such directory")
    if (folder / "train").is_dir():
        train, test = list_images(folder / "train"), list_images(find_test(folder))
        if list(train) != list(test):
            odd = sorted(set(train) ^ set(test))
            raise DataError(
                f"{folder}: train and val have not the same classes; {odd[0]} is in one"
            )
    else:
        images = list_images(folder)
        train, test = (images, images) if record else divide(folder, images, val_split)
    unused: set[str] = set()
    if record:
        known = {*record.train, *record.test}
        unused = {*names(folder, train), *names(folder, test)} - known
        train, test = choose(folder, train, record.train), choose(folder, test, record.test)
    return DataSet(
        f"folder:{folder}",
        tuple(train),
        channels=3,
        train=make_split(folder, train),
        test=make_split(folder, test),
        unused=tuple(sorted(unused)),
    )


def find_test(folder: Path) -> Path:
    """Where the images to test with are."""
    for path in (folder / "val", folder / "test"):
        if path.is_dir():
            return path
    raise DataError(f"{folder}: train/ has neither val/ nor test/ beside it; make one of them")


def list_images(folder: Path) -> Images:
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


def divide(folder: Path, images: Images, share: float) -> tuple[Images, Images]:
    """Each class in two: an image is tested with if the hash of its path is below `share`.

    So no image moves when others come or go, with one exception: a class that would have no image
    to test with gives the one of the smallest hash, and one that would have none to train with
    keeps the one of the largest.
    """
    train: Images = {}
    test: Images = {}
    for kind, paths in images.items():
        if len(paths) < 2:
            raise DataError(f"{folder / kind}: {len(paths)} images are too few to split")
        places = {path: hashed(name(folder, path)) for path in paths}
        low, high = min(paths, key=places.__getitem__), max(paths, key=places.__getitem__)
        tested = {p for p in paths if places[p] < share and p != high} | {low}
        test[kind] = [path for path in paths if path in tested]
        train[kind] = [path for path in paths if path not in tested]
    return train, test


def earlier_record(folder: Path, share: float) -> Record | None:
    """How earlier versions, whose runs kept no record, split one tree: by number, not by name."""
    if (folder / "train").is_dir():
        return None
    parts: dict[bool, list[str]] = {True: [], False: []}
    for kind, paths in list_images(folder).items():
        count = max(1, round(share * len(paths)))
        order = np.random.default_rng(zlib.crc32(os.fsencode(kind))).permutation(len(paths))
        tested = set(order[:count].tolist())
        for number, path in enumerate(paths):
            parts[number in tested].append(name(folder, path))
    return Record(tuple(parts[False]), tuple(parts[True]))


def hashed(text: str) -> float:
    """A number from 0 to 1 that is the same for a text on every machine."""
    digest = hashlib.blake2b(os.fsencode(text), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def name(folder: Path, path: Path) -> str:
    """What an image is called in a record: its path within the data's folder."""
    return path.relative_to(folder).as_posix()


def names(folder: Path, images: Images) -> list[str]:
    """The names of all images, class by class."""
    return [name(folder, path) for paths in images.values() for path in paths]


def choose(folder: Path, images: Images, wanted: Collection[str]) -> Images:
    """The images of these names."""
    chosen = set(wanted)
    return {
        kind: [path for path in paths if name(folder, path) in chosen]
        for kind, paths in images.items()
    }


def make_split(folder: Path, images: Images) -> Split:
    """The images of all classes as one split."""
    paths = [path for class_images in images.values() for path in class_images]
    counts = [len(class_images) for class_images in images.values()]
    return Split(
        np.repeat(np.arange(len(counts)), counts).astype(np.int64),
        lambda index: open_image(paths[index]),
        lambda index: str(paths[index]),
        tuple(names(folder, images)),
    )
