"""The folder of a run: created once, then opened whenever training starts or resumes."""

import json
import platform
from contextlib import suppress
from dataclasses import replace
from math import prod
from pathlib import Path

from numpy.typing import NDArray

from common.arrays import Arrays
from common.data.background import background
from common.data.datasets import DataSet
from common.data.loader import Loader
from common.data.sources import open_data
from common.data.unreadable import find_faults, without
from common.errors import DataError, UsageError
from common.files import weights
from common.files.atomic import atomic_file
from common.networks import network
from common.spec import BatchNorm, Init
from common.spec.initial import initial_arrays
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.spec.preprocess import PREPROCESSES
from common.threads import threads
from common.training.checkpoints import read_newest, state_path, write_state
from common.training.class_weights import class_weights
from common.training.freeze import trained_parameters
from common.training.metrics import cut_metrics
from common.training.recipe import Recipe
from common.training.recipe_file import to_toml
from common.training.record import open_for_training, read_recipe, read_skipped, record_text
from common.training.state import join_slots, split_slots
from common.training.training_run import TrainingRun
from common.training.update_rules import rounded


def plan_of(recipe: Recipe) -> Plan:
    """The plan of the network that a recipe trains."""
    size = (recipe.channels, recipe.image_size, recipe.image_size)
    spec = network(recipe.network, size, recipe.classes, recipe.aux)
    init = Init.FAN_IN if recipe.init == "fan_in" else spec.init
    return make_plan(replace(spec, init=init, preprocess=PREPROCESSES[recipe.preprocess]))


def loaders(recipe: Recipe, data: DataSet, skipped: set[str]) -> tuple[Loader, Loader]:
    """The loaders of the images for training and of those that are scored after each epoch.

    The latter are those of `val` or, without it, `test`. Images named in `skipped` are left out.
    """
    if len(data.classes) > recipe.classes:
        raise DataError(
            f"{recipe.data}: {len(data.classes)} classes, and the network has {recipe.classes}"
        )
    input = (recipe.channels, recipe.image_size, recipe.image_size)
    how = PREPROCESSES[recipe.preprocess]
    train, scored = without(data.train, skipped), without(data.selection, skipped)
    first = Loader(
        split=train,
        input=input,
        size=recipe.batch,
        how=how,
        seed=recipe.seed,
        augment=recipe.augment,
    )
    first.check()
    return first, Loader(split=scored, input=input, size=recipe.batch, how=how)


def check_norms(plan: Plan, images: int) -> None:
    """Raises UsageError if a batch norm would normalise a single value per channel."""
    for node in plan.nodes():
        if isinstance(node.layer, BatchNorm) and images * prod(node.output[1:]) == 1:
            raise UsageError(
                f"the batch norm {node.path} would get one value per channel, whose variance is 0; "
                "use a larger --batch or --image-size"
            )


def begin(folder: Path, recipe: Recipe, given: Arrays) -> list[str]:
    """Creates the folder of a new run and its first state.

    The state has the recipe's initial values, except for the arrays in `given`, which start from a
    checkpoint. Returns the error message for each image that will be skipped.
    """
    plan = plan_of(recipe)
    check_norms(plan, recipe.batch)
    trained = trained_parameters(plan, recipe.freeze)
    data = open_data(recipe.data, recipe.val_split)
    checked = data.splits.values() if recipe.on_error == "skip" else ()
    faults = {name: line for split in checked for name, line in find_faults(split).items()}
    train, _ = loaders(recipe, data, set(faults))
    class_weights(recipe, train.split.labels)  # raises an error before anything is written
    start = initial_arrays(plan, recipe.seed) | given
    arrays: dict[str, NDArray] = {n: array.astype(recipe.array_dtype) for n, array in start.items()}
    slots = {"weights": arrays}
    if recipe.average:
        slots["average"] = {name: arrays[name] for name in trained}
    texts = {
        "skipped.json": json.dumps(faults, indent=1),
        "classes.json": json.dumps(data.classes, indent=1),
        "split.json": record_text(data, recipe.data),
        "recipe.toml": to_toml(recipe),  # last, since it marks the folder as a run
    }
    try:
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        write_state(folder / "checkpoints", 0, join_slots(slots), {"best": -1.0})
        for name, text in texts.items():
            with atomic_file(folder / name) as temporary:
                temporary.write_text(text)
    except BaseException:
        forget(folder)
        raise
    return list(faults.values())


def forget(folder: Path) -> None:
    """Removes what `begin` wrote for a run that could not start."""
    for name in ("recipe.toml", "classes.json", "skipped.json", "split.json", "metrics.jsonl"):
        (folder / name).unlink(missing_ok=True)
    state_path(folder / "checkpoints", 0).unlink(missing_ok=True)
    for each in (folder / "checkpoints", folder):
        with suppress(OSError):  # not empty: it contains something else
            each.rmdir()


def open_run(folder: Path, rank: int = 0, ranks: int = 1) -> tuple[TrainingRun, list[str]]:
    """A run at its newest undamaged state, and messages about what has changed or was lost.

    `rank` is the number of this process, from 0, and `ranks` the number of processes.
    """
    recipe = rounded(read_recipe(folder))
    if recipe.batch % ranks:
        raise UsageError(
            f"a batch of {recipe.batch} cannot be divided equally among {ranks} processes"
        )
    plan = plan_of(recipe)
    check_norms(plan, recipe.batch // ranks)
    data, lines = open_for_training(folder, recipe)
    train, scored = loaders(recipe, data, read_skipped(folder))
    state, about, passed_over = read_newest(folder / "checkpoints")
    source = str(folder / "checkpoints")
    weights.fit_arrays(source, split_slots(state).get("weights", {}), {}, plan)
    step, best = about["step"], float(about.get("best", -1))
    lines += [f"skipped {line}; resuming from step {step}" for line in passed_over]
    if not rank:
        lines += cut_metrics(folder / "metrics.jsonl", step)
    run = TrainingRun(
        folder=folder,
        recipe=recipe,
        plan=plan,
        train=train,
        scored=scored,
        state=state,
        step=step,
        best=best,
        rank=rank,
        ranks=ranks,
    )
    grey = background(train.split) if recipe.channels == 1 else ""
    run.about = {"class_names": class_names(data, recipe), "background": grey}
    run.split = "val" if data.val else "test"
    run.class_weights = class_weights(recipe, train.split.labels)
    return run, lines


def class_names(data: DataSet, recipe: Recipe) -> tuple[str, ...]:
    """The names of a run's classes; those that the data lacks are named by their numbers."""
    return (*data.classes, *map(str, range(len(data.classes), recipe.classes)))


def write_environment(folder: Path, framework: str, version: str, ranks: int) -> None:
    """Writes the framework, versions and thread count of a run, on which its rounding depends."""
    environment = {
        "framework": framework,
        "version": version,
        "python": platform.python_version(),
        "processes": ranks,
        "threads": threads(),
    }
    with atomic_file(folder / "environment.json") as temporary:
        temporary.write_text(json.dumps(environment, indent=1))
