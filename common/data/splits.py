"""Recognises the folders of a data set's splits by their usual names."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from common.data.image_files import is_hidden
from common.errors import DataError

NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}


def split_of(name: str) -> str | None:
    """The split that a folder is named after, if any; the case is ignored.

    For example, Training, valid, test_set and seg_train are recognised.
    """
    plain = re.sub(r"^seg_|[ _-]?set$", "", name.lower())
    return next((split for split, names in NAMES.items() if plain in names), None)


def find_splits(folder: Path) -> dict[str, Path]:
    """The folder of each split, by the split's name; empty if the sub-folders are classes.

    Raises DataError if two folders are the same split, if there is no folder for training, or if it
    is the only one.
    """
    named = [(split_of(path.name), path) for path in subfolders(folder)]
    if not any(split for split, _ in named):
        return {}
    if "train" not in (split for split, _ in named) and any(not split for split, _ in named):
        return {}
    by_split = one_of_each(folder, [(split, path) for split, path in named if split])
    return {split: innermost(path, split) for split, path in by_split.items()}


def one_of_each(folder: Path, named: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """The path of each split; raises DataError if two are the same split, or if any is missing."""
    by_split: dict[str, Path] = {}
    for split, path in named:
        if split in by_split:
            raise DataError(f"{folder}: {by_split[split].name} and {path.name} are both {split}")
        by_split[split] = path
    if len(by_split) == 1 or "train" not in by_split:
        here = " and ".join(path.name for path in by_split.values())
        missing = "val or test" if "train" in by_split else "train"
        raise DataError(f"{folder}: {here} found without {missing}; create it")
    return by_split


def innermost(path: Path, split: str) -> Path:
    """The folder or, if its only sub-folder is named after the same split, that one, and so on."""
    inside = subfolders(path)
    while len(inside) == 1 and split_of(inside[0].name) == split:
        path, inside = inside[0], subfolders(inside[0])
    return path


def subfolders(folder: Path) -> list[Path]:
    """The sub-folders of a folder, sorted by name, without hidden ones."""
    return sorted(path for path in folder.iterdir() if not is_hidden(path.name) and path.is_dir())


def check_classes(folder: Path, classes: Sequence[Path]) -> None:
    """Raises DataError if the class folders look like splits: all have the same sub-folders."""
    inside = [tuple(path.name for path in subfolders(each)) for each in classes]
    if len(inside[0]) > 1 and len(set(inside)) == 1:
        names = ", ".join(path.name for path in classes[:3])
        raise DataError(
            f"{folder}: {names} contain the same sub-folders ({', '.join(inside[0][:3])}), like "
            "splits; name them train, val and test, or use one of them as the data set"
        )
