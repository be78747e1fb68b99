"""The record of a run: its recipe, classes and images, so that it never resumes with others.

They are in the run's folder, as `recipe.toml`, `classes.json`, `split.json` and `skipped.json`.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from common.data.datasets import DataSet, Record
from common.data.folder import earlier_record
from common.data.sources import open_data, place_of
from common.data.splits import find_splits
from common.errors import DataError
from common.training.recipe import Recipe
from common.training.recipe_file import read_table, to_recipe

SHOWN = 4  # names in a message
DRAWN = (
    "there are no train/ and test/ folders, so a fifth of the images is chosen by name and scored; "
    "the weights may have been trained on these images: evaluate the run's folder instead"
)


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a run; raises DataError if the folder contains no run."""
    path = folder / "recipe.toml"
    if not path.is_file():
        raise DataError(f"{folder}: not a run: there is no recipe.toml")
    return to_recipe(str(path), read_table(path))


def record_text(data: DataSet, source: str) -> str:
    """The text of `split.json`: the location of the data, and the images in each split."""
    splits = {name: split.contents for name, split in data.splits.items()}
    return json.dumps({"data": place_of(source), **splits}, indent=1)


def read_json(path: Path, otherwise: Any) -> Any:
    """The contents of a run's JSON file, or `otherwise` if there is no file.

    Raises DataError if the file is broken or its contents do not have the type of `otherwise`.
    """
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return otherwise
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if type(found) is not type(otherwise):
        kinds = type(found).__name__, type(otherwise).__name__
        raise DataError(f"{path}: damaged: a {kinds[0]} where a {kinds[1]} should be")
    return found


def read_texts(path: Path, found: Any) -> tuple[str, ...]:
    """The list of distinct strings found in a JSON file; raises DataError if it is not one."""
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise DataError(f"{path}: damaged: it does not hold a list of names")
    if len(set(found)) < len(found):
        raise DataError(f"{path}: damaged: a name appears twice")
    return tuple(found)


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
    found = read_json(path, {})
    kind, _, place = recipe.data.partition(":")
    if not found:
        is_folder = kind == "folder" and Path(place).is_dir()
        earlier = earlier_record(Path(place), recipe.val_split) if is_folder else None
        return place_of(recipe.data), earlier
    kept = ("train", "test", *(["val"] if "val" in found else []))
    splits = {name: read_texts(path, found.get(name)) for name in kept}
    return str(found.get("data")), Record(**splits)


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
    skipped, place = read_skipped(folder), Path(recipe.data.partition(":")[2])
    needed = [name for name in record.train if str(place / name) not in skipped]
    if set(needed) - set(data.train.contents):
        raise DataError(
            f"{recipe.data}: the training images differ from those of the run in {folder}: "
            f"{difference(needed, data.train.contents)}; restore them or start a new run, "
            f"from its weights by --weights {folder}/checkpoints/last.safetensors"
        )
    return data, list(changes(recipe.data, data, record))


def open_for_scoring(source: str, run: Path | None) -> tuple[DataSet, list[str]]:
    """The data set to score weights on, and messages about its images.

    With a run, the labels are the run's, matched by class name, and if the source is the folder
    that the run was trained on, its images are split as in the run's record, so that none of those
    it was trained on are scored. Raises DataError if the data has a class that the run lacks.
    Without a run, nothing is known about the images that the weights were trained on.
    """
    kind, _, place = source.partition(":")
    if run is None:
        data = open_data(source)
        drawn = kind == "folder" and not find_splits(Path(place))
        return data, [f"{source}: {DRAWN}"] if drawn else []
    recipe = read_recipe(run)
    own, record = read_record(run, recipe)
    if place_of(source) != own or kind != "folder":
        record = None
    data = open_data(source, recipe.val_split, record)
    lines = list(changes(source, data, record)) if record else []
    classes = read_classes(run)
    return (with_labels_of(classes, data, run) if classes else data), lines


def with_labels_of(classes: Sequence[str], data: DataSet, run: Path) -> DataSet:
    """The data, whose test images get the class numbers of a run, matched by class name."""
    unknown = [name for name in data.classes if name not in classes]
    if unknown:
        raise DataError(
            f"{data.source}: the run in {run} does not know its classes {shortened(unknown)}; the "
            f"run's classes are {shortened(classes)}, the data's {shortened(data.classes)}"
        )
    labels = np.array([classes.index(name) for name in data.classes])
    return replace(data, test=replace(data.test, labels=labels[data.test.labels]))


def changes(source: str, data: DataSet, record: Record) -> Iterable[str]:
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
