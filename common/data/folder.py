"""Folders of images: one folder per class, in a folder per split or in a single tree."""

import hashlib
import os
import re
import zlib
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np

from common.data.datasets import DataSet, Record, Split, suffixes_text
from common.data.image_files import find_images
from common.data.images import SUFFIXES, open_image
from common.data.splits import check_classes, find_splits, subfolders
from common.errors import DataError

Images = dict[str, list[Path]]  # the paths of each class, sorted by name


def open_folder(folder: Path, val_split: float, record: Record | None = None) -> DataSet:
    """The data set in a folder; images are decoded only when they are read."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such directory")
    others: Counter[str] = Counter()
    splits = {split: list_images(path, others) for split, path in find_splits(folder).items()}
    splits = splits or {"": list_images(folder, others)}
    data = from_paths(f"folder:{folder}", folder, splits, val_split, record)
    return replace(data, others=others)


def from_paths(
    source: str,
    folder: Path,
    splits: dict[str, Images],
    val_split: float,
    record: Record | None,
) -> DataSet:
    """The data set of a source with the images of each split, named relative to the folder.

    Without splits (the only one has the name ""), the fraction `val_split` of the images is for
    testing. With a record, its splits are used, and images that it does not list belong to no
    split.
    """
    location = source.partition(":")[2]
    if "" in splits:
        whole = splits[""]
        train, test = (
            (whole, whole) if record else divide(folder, whole, val_split, location=location)
        )
        splits = {"train": train, "test": test}
    else:
        check_same_classes(location, splits)
        if "test" not in splits:  # of two splits, the second is `test`, whatever its name
            splits["test"] = splits.pop("val")
    unused: set[str] = set()
    if record:
        every = {name for images in splits.values() for name in names(folder, images)}
        unused = every - {*record.train, *record.val, *record.test}
        splits = chosen_splits(folder, splits, record)
    return DataSet(
        source=source,
        classes=tuple(splits["train"]),
        channels=3,
        train=make_split(folder, splits["train"]),
        test=make_split(folder, splits["test"]),
        val=make_split(folder, splits["val"]) if "val" in splits else None,
        unused=tuple(sorted(unused)),
    )


def chosen_splits(folder: Path, splits: dict[str, Images], record: Record) -> dict[str, Images]:
    """The splits as in the record, whose test images may be in folders named `val` or `test`."""
    chosen = {"train": choose(folder, splits["train"], record.train)}
    held = {
        kind: [path for split in splits if split != "train" for path in splits[split][kind]]
        for kind in splits["test"]
    }
    chosen["test"] = choose(folder, held, record.test)
    return chosen | ({"val": choose(folder, held, record.val)} if record.val else {})


def check_same_classes(location: str, splits: dict[str, Images]) -> None:
    """Raises DataError unless every split has the same classes as the training images."""
    for split, images in splits.items():
        if odd := sorted(set(splits["train"]) ^ set(images)):
            has, lacks = ("train", split) if odd[0] in splits["train"] else (split, "train")
            raise DataError(f"{location}: class {odd[0]} is in {has} but not in {lacks}")


def list_images(folder: Path, others: Counter[str] | None = None) -> Images:
    """The images of each class; classes and images are sorted by name.

    Files that are not images are counted by suffix in `others`.
    """
    classes = subfolders(folder)
    if len(classes) < 2:
        raise DataError(
            f"{folder}: {len(classes)} class folders; there must be two or more{other_kind(folder)}"
        )
    check_classes(folder, classes)
    images = {}
    for path in classes:
        files = find_images(path)
        images[path.name] = files.images
        if others is not None:
            others.update(files.others)
        if not files.images:
            here = f"; its files: {suffixes_text(files.others)}" if files.others else ""
            raise DataError(
                f"{path}: this class folder contains no images ({', '.join(SUFFIXES)}){here}"
            )
    return images


def other_kind(folder: Path) -> str:
    """Which source reads this folder, as the end of a message, if its files tell."""
    files = [path.name for path in folder.iterdir() if path.is_file()]
    if any(re.match(r"data_batch_\d|(train|test)(\.bin)?$", file) for file in files):
        return f"; for the files of CIFAR use cifar:{folder}"
    if any("-ubyte" in file for file in files):
        return f"; for IDX files use mnist:{folder}"
    if any(re.match(r"(train|val|test)\w*\.(txt|csv|tsv|lst)$", file) for file in files):
        return f"; for lists of images use list:{folder}"
    return ""


def divide(folder: Path, images: Images, share: float, *, location: str) -> tuple[Images, Images]:
    """Splits each class; images whose path has a hash below `share` are for testing.

    So no image changes its split when others are added or removed, with one exception: in each
    class, the image with the smallest hash is always for testing, and the one with the largest hash
    always for training, so that neither split is empty.
    """
    train: Images = {}
    test: Images = {}
    for kind, paths in images.items():
        if len(paths) < 2:
            raise DataError(f"{location}: class {kind} has {len(paths)} images, too few to split")
        hashes = {path: hashed(name(folder, path)) for path in paths}
        low, high = min(paths, key=hashes.__getitem__), max(paths, key=hashes.__getitem__)
        tested = {p for p in paths if hashes[p] < share and p != high} | {low}
        test[kind] = [path for path in paths if path in tested]
        train[kind] = [path for path in paths if path not in tested]
    return train, test


def earlier_record(folder: Path, share: float) -> Record | None:
    """The split that earlier versions, which kept no record, made of a folder without splits."""
    if find_splits(folder):
        return None
    parts: dict[bool, list[str]] = {True: [], False: []}
    for kind, paths in list_images(folder).items():
        count = max(1, round(share * len(paths)))
        order = np.random.default_rng(zlib.crc32(os.fsencode(kind))).permutation(len(paths))
        tested = set(order[:count].tolist())
        for number, path in enumerate(paths):
            parts[number in tested].append(name(folder, path))
    return Record(train=tuple(parts[False]), test=tuple(parts[True]))


def hashed(text: str) -> float:
    """A number from 0 to 1 that depends only on the text, not on the machine."""
    digest = hashlib.blake2b(os.fsencode(text), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def name(folder: Path, path: Path) -> str:
    """The name of an image in a record: its path, relative to the data's folder if it is there."""
    return path.as_posix().removeprefix(f"{folder.as_posix().rstrip('/')}/")


def names(folder: Path, images: Images) -> list[str]:
    """The names of all images, class by class."""
    return [name(folder, path) for paths in images.values() for path in paths]


def choose(folder: Path, images: Images, wanted: Collection[str]) -> Images:
    """The images of each class whose names are in `wanted`."""
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
