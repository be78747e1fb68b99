"""The record of a run: its recipe, classes and images, so that it is only resumed with the same.

They are in the run's folder, as `recipe.toml`, `classes.json`, `split.json` and `skipped.json`.
"""

import json
import os
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from common.data.datasets import DataSet, Record, Split
from common.data.folder import earlier_record
from common.data.sources import PATHS, absolute_source, expanded, folder_of, open_data
from common.data.splits import find_splits
from common.errors import DataError
from common.training.recipe import Recipe
from common.training.recipe_file import read_table, to_recipe

SHOWN = 4  # names in a message
DRAWN = (
    "it is not divided into splits, so a fifth of the images is chosen by name and scored; "
    "the weights may have been trained on these images: evaluate the run's folder instead"
)


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a run; raises DataError if the folder contains no run."""
    path = folder / "recipe.toml"
    if not is_run(folder):
        raise DataError(f"{folder}: not a run: there is no recipe.toml")
    return to_recipe(str(path), read_table(path))


def is_run(folder: Path) -> bool:
    """Whether the folder contains a run."""
    return (folder / "recipe.toml").is_file()


def best_weights(folder: Path) -> Path:
    """The best weights of a run, or the last ones if no epoch has ended; DataError without any."""
    files = [folder / "checkpoints" / f"{each}.safetensors" for each in ("best", "last")]
    path = next((file for file in files if file.is_file()), None)
    if path is None:
        raise DataError(f"{folder}: no weights yet; continue with `googlenet train ... --resume`")
    return path


def record_text(data: DataSet, source: str) -> str:
    """The text of `split.json`: the location of the data, and the images in each split."""
    splits = {name: split.contents for name, split in data.splits.items()}
    about = {"data": absolute_source(source), "labels": labels_of(data.train)}
    return json.dumps({**about, **splits}, indent=1)


def labels_of(split: Split) -> int:
    """A checksum of the images' labels, which a list may change without changing the images."""
    pairs = zip(split.contents, split.labels.tolist(), strict=False)
    return zlib.crc32(os.fsencode("\n".join(sorted(f"{name} {label}" for name, label in pairs))))


def read_json(path: Path, otherwise: Any) -> Any:
    """The contents of a run's JSON file, or `otherwise` if there is no file.

    Raises DataError if the file is broken or its contents do not have the type of `otherwise`.
    """
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        return otherwise
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if type(value) is not type(otherwise):
        kinds = type(value).__name__, type(otherwise).__name__
        raise DataError(f"{path}: damaged: expected a {kinds[1]}, found a {kinds[0]}")
    return value


def read_texts(path: Path, value: Any) -> tuple[str, ...]:
    """The list of distinct strings found in a JSON file; raises DataError if it is not one."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise DataError(f"{path}: damaged: it does not hold a list of names")
    if len(set(value)) < len(value):
        raise DataError(f"{path}: damaged: a name appears twice")
    return tuple(value)


def read_classes(folder: Path) -> tuple[str, ...]:
    """The class names of a run; empty if the run does not record them."""
    path = folder / "classes.json"
    return read_texts(path, read_json(path, []))


def read_skipped(folder: Path) -> set[str]:
    """The names of the images that a run skips."""
    path = folder / "skipped.json"
    return set(read_texts(path, list(read_json(path, {}))))


def read_record(folder: Path, recipe: Recipe) -> tuple[str, Record | None]:
    """The location of a run's data when the run began, and the record of its images.

    Runs of earlier versions have no record. It is then reconstructed if the data is in a folder
    without splits, and None otherwise.
    """
    path = folder / "split.json"
    content = read_json(path, {})
    kind, _, location = recipe.data.partition(":")
    if not content:
        is_folder = kind == "folder" and Path(location).is_dir()
        earlier = earlier_record(Path(location), recipe.val_split) if is_folder else None
        return absolute_source(recipe.data), earlier
    kept = ("train", "test", *(["val"] if "val" in content else []))
    splits = {name: read_texts(path, content.get(name)) for name in kept}
    return str(content.get("data")), Record(**splits, labels=content.get("labels"))


def open_for_training(folder: Path, recipe: Recipe) -> tuple[DataSet, list[str]]:
    """A run's data, split as when the run began, and messages about harmless changes.

    Raises DataError unless the classes and the training images are those of the run.
    """
    _, record = read_record(folder, recipe)
    data = open_data(recipe.data, recipe.val_split, record)
    if (classes := read_classes(folder)) and classes != data.classes:
        raise DataError(
            f"{recipe.data}: its classes differ from those of the run in {folder}: "
            f"{difference(classes, data.classes)}; restore them or start a new run"
        )
    if record is None:
        return data, []
    same = set(data.train.contents) == set(record.train)
    if same and record.labels not in (None, labels_of(data.train)):
        raise DataError(
            f"{recipe.data}: the classes of its training images differ from those of the run in "
            f"{folder}; restore them or start a new run"
        )
    skipped, images = read_skipped(folder), folder_of(recipe.data)
    needed = [name for name in record.train if str(images / name) not in skipped]
    if set(needed) - set(data.train.contents):
        raise DataError(
            f"{recipe.data}: the training images differ from those of the run in {folder}: "
            f"{difference(needed, data.train.contents)}; restore them or start a new run, "
            f"from its weights by --weights {folder}/checkpoints/last.safetensors"
        )
    return data, list(image_changes(recipe.data, data, record))


def open_for_scoring(
    source: str, run: Path | None, classes: Sequence[str]
) -> tuple[DataSet, list[str]]:
    """The data set to score weights on, and messages about its images.

    `classes` are the names of the weights' classes, if they are known: the labels are then those of
    the weights, matched by class name. If the source is the data that a run was trained on, its
    images are split as in the run's record, so that none of those it was trained on are scored.
    Without a run, nothing is known about the images that the weights were trained on. Raises
    DataError if the data has a class that the weights lack.
    """
    if run is None:
        data = open_data(source)
        lines = [f"{source}: {DRAWN}"] if is_undivided(source) else []
        return (with_labels_of(classes, data) if classes else data), lines
    recipe = read_recipe(run)
    own, record = read_record(run, recipe)
    kind = source.partition(":")[0]
    if absolute_source(source) == own and kind in PATHS:
        data = open_data(source, recipe.val_split, record)
        lines = list(image_changes(source, data, record)) if record else []
    elif is_undivided(source):
        data, lines = open_whole(source, record)
    else:
        data, lines = open_data(source), []
    return (with_labels_of(classes, data) if classes else data), lines


def is_undivided(source: str) -> bool:
    """Whether a source is a folder or a list of images that are not divided into splits."""
    kind, _, location = source.partition(":")
    path = expanded(location)
    return path.is_file() if kind == "list" else kind == "folder" and not find_splits(path)


def open_whole(source: str, record: Record | None) -> tuple[DataSet, list[str]]:
    """Data other than a run's own, all of which are scored, and a message that says so.

    Images that have the names of training images in the run's record are left out, since the data
    may be a copy of the run's.
    """
    data = open_data(source)
    names = [name for split in data.splits.values() for name in split.contents]
    trained = set(record.train) & set(names) if record else set()
    scored = tuple(name for name in names if name not in trained)
    if not scored:
        raise DataError(f"{source}: the run was trained on all of these images")
    data = open_data(source, record=Record(train=tuple(trained), test=scored))
    left_out = f"; {len(trained)} with the names of training images are left out" if trained else ""
    return data, [f"{source}: not divided into splits: {len(scored)} images are scored{left_out}"]


def with_labels_of(classes: Sequence[str], data: DataSet) -> DataSet:
    """The data, whose test images get the class numbers of weights, matched by class name."""
    unknown = [name for name in data.classes if name not in classes]
    if unknown:
        raise DataError(
            f"{data.source}: the weights do not know its classes {shortened(unknown)}; the classes "
            f"of the weights are {shortened(classes)}, the data's {shortened(data.classes)}"
        )
    labels = np.array([classes.index(name) for name in data.classes])
    return replace(data, test=replace(data.test, labels=labels[data.test.labels]))


def image_changes(source: str, data: DataSet, record: Record) -> Iterable[str]:
    """Messages about missing images of `val` and `test`, and about new images of any split."""
    now = {name for split in data.splits.values() for name in split.contents}
    if gone := {*record.test, *record.val} - now:
        yield f"{source}: removed since the run began, so not tested: {shortened(gone)}"
    if data.unused:
        yield f"{source}: added since the run began, so not used: {shortened(data.unused)}"


def difference(before: Sequence[str], now: Sequence[str]) -> str:
    """The names that are missing now and the names that are new, as text."""
    kinds = {"missing": set(before) - set(now), "new": set(now) - set(before)}
    parts = [f"{kind}: {shortened(names)}" for kind, names in kinds.items() if names]
    return "; ".join(parts) or "they are in a different order"


def shortened(names: Collection[str]) -> str:
    """The first few names, sorted if they are a set, and how many more there are."""
    ordered = sorted(names) if isinstance(names, set) else list(names)
    more = f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    return ", ".join(ordered[:SHOWN]) + more
