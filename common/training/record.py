"""What a run's folder says of it: recipe, classes, images, so that it never goes on with others."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from common.data.folder import earlier_record
from common.data.sets import DataSet, Record
from common.data.sources import open_data, place_of
from common.errors import DataError
from common.training.recipe import Recipe
from common.training.recipe_file import read_table, to_recipe

SHOWN = 4  # names in a message
DRAWN = (
    "without train/ and val/ a fifth of the images is scored, drawn by their names; weights alone "
    "do not say whether they were trained with these: evaluate the run's folder"
)


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a run; raises DataError where the folder is none."""
    path = folder / "recipe.toml"
    if not path.is_file():
        raise DataError(f"{folder}: no run here, since it has no recipe.toml")
    return to_recipe(str(path), read_table(path))


def record_text(data: DataSet, source: str) -> str:
    """The record of a run's images, as the text of its `split.json`."""
    splits = {"train": data.train.contents, "test": data.test.contents}
    return json.dumps({"data": place_of(source), **splits}, indent=1)


def read_json(path: Path, otherwise: Any) -> Any:
    """What is in a JSON file of a run, of the type of `otherwise`; that, if there is no file.

    Raises DataError for a broken file, or one of another type.
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
    """A list of texts out of a JSON file, no two equal; raises DataError for anything else."""
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise DataError(f"{path}: damaged: it does not hold a list of names")
    if len(set(found)) < len(found):
        raise DataError(f"{path}: damaged: a name appears twice")
    return tuple(found)


def read_classes(folder: Path) -> tuple[str, ...]:
    """What the classes of a run are called; nothing where it does not say."""
    path = folder / "classes.json"
    return read_texts(path, read_json(path, []))


def read_skipped(folder: Path) -> set[str]:
    """The names of the images that a run does without."""
    path = folder / "skipped.json"
    return set(read_texts(path, list(read_json(path, {}))))


def read_record(folder: Path, recipe: Recipe) -> tuple[str, Record | None]:
    """Where a run's data was, and its images; None where it neither says nor follows."""
    path = folder / "split.json"
    found = read_json(path, {})
    kind, _, place = recipe.data.partition(":")
    if not found:
        is_folder = kind == "folder" and Path(place).is_dir()
        earlier = earlier_record(Path(place), recipe.val_split) if is_folder else None
        return place_of(recipe.data), earlier
    splits = {name: read_texts(path, found.get(name)) for name in ("train", "test")}
    return str(found.get("data")), Record(**splits)


def open_for_training(folder: Path, recipe: Recipe) -> tuple[DataSet, list[str]]:
    """A run's data as it was when the run began, and lines on what has changed without harm.

    Raises DataError unless the classes and the images to train with are those of the run.
    """
    _, record = read_record(folder, recipe)
    data = open_data(recipe.data, recipe.val_split, record)
    if (classes := read_classes(folder)) and classes != data.classes:
        raise DataError(
            f"{recipe.data}: its classes are not those of the run in {folder}: "
            f"{difference(classes, data.classes)}; restore them, or begin a new run"
        )
    if record is None:
        return data, []
    skipped, place = read_skipped(folder), Path(recipe.data.partition(":")[2])
    needed = [name for name in record.train if str(place / name) not in skipped]
    if set(needed) - set(data.train.contents):
        raise DataError(
            f"{recipe.data}: the images to train with are not those of the run in {folder}: "
            f"{difference(needed, data.train.contents)}; restore them, or begin a new run, "
            f"from its weights by --weights {folder}/checkpoints/last.safetensors"
        )
    return data, list(changes(recipe.data, data, record))


def open_for_scoring(source: str, run: Path | None) -> tuple[DataSet, list[str]]:
    """A data set to score weights on, and lines on what is to be known of its images.

    Its labels are those that the run has for the classes' names; of the run's own data no image is
    tested with but those that its record names for it. Raises DataError where the run does not
    know a class. Of weights that are of no run nothing is known.
    """
    kind, _, place = source.partition(":")
    if run is None:
        is_tree = kind == "folder" and not (Path(place) / "train").is_dir()
        return open_data(source), [f"{source}: {DRAWN}"] if is_tree else []
    recipe = read_recipe(run)
    own, record = read_record(run, recipe)
    if place_of(source) != own or kind != "folder":
        record = None
    data = open_data(source, recipe.val_split, record)
    lines = list(changes(source, data, record)) if record else []
    classes = read_classes(run)
    return (with_labels_of(classes, data, run) if classes else data), lines


def with_labels_of(classes: Sequence[str], data: DataSet, run: Path) -> DataSet:
    """The data with the labels that a run has for its classes; they are found by their names."""
    unknown = [name for name in data.classes if name not in classes]
    if unknown:
        raise DataError(
            f"{data.source}: the run in {run} does not know its classes {shortened(unknown)}; the "
            f"run's classes are {shortened(classes)}, the data's {shortened(data.classes)}"
        )
    labels = np.array([classes.index(name) for name in data.classes])
    return replace(data, test=replace(data.test, labels=labels[data.test.labels]))


def changes(source: str, data: DataSet, record: Record) -> Iterable[str]:
    """Lines on images to test with that are gone, and on those that are new."""
    if gone := set(record.test) - set(data.test.contents):
        yield f"{source}: gone since the run began, and not tested with: {shortened(gone)}"
    if data.unused:
        yield f"{source}: new since the run began, and not used: {shortened(data.unused)}"


def difference(before: Sequence[str], now: Sequence[str]) -> str:
    """What is missing and what is new, by name."""
    kinds = {"missing": set(before) - set(now), "new": set(now) - set(before)}
    parts = [f"{kind}: {shortened(names)}" for kind, names in kinds.items() if names]
    return "; ".join(parts) or "they are in another order"


def shortened(names: Collection[str]) -> str:
    """A few names, in order if they have none, and how many more there are."""
    ordered = sorted(names) if isinstance(names, set) else list(names)
    more = f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    return ", ".join(ordered[:SHOWN]) + more
