"""The folder of a run: begun once, then opened by whoever trains, as often as it takes."""

import json
import os
import platform
from dataclasses import replace
from pathlib import Path

from numpy.typing import NDArray

from common.arrays import Arrays
from common.data.loader import Loader
from common.data.sources import open_data
from common.errors import DataError, UsageError
from common.files import weights
from common.files.atomic import atomic_file
from common.initial import initial_arrays
from common.networks import network
from common.plan import Plan
from common.planner import make_plan
from common.spec import Init
from common.training.checkpoints import read_newest, write_state
from common.training.metrics import cut_metrics
from common.training.recipe import Recipe
from common.training.recipe_file import read_table, to_recipe, to_toml
from common.training.run import TrainingRun
from common.training.state import join_slots, split_slots
from common.training.update_rules import rounded


def plan_of(recipe: Recipe) -> Plan:
    """The network that a recipe trains."""
    size = (recipe.channels, recipe.image_size, recipe.image_size)
    made = network(recipe.network, size, recipe.classes, recipe.aux)
    return make_plan(replace(made, init=Init.FAN_IN) if recipe.init == "fan_in" else made)


def loaders(recipe: Recipe) -> tuple[Loader, Loader]:
    """The images to train with and those to test with."""
    data = open_data(recipe.data, recipe.val_split)
    if len(data.classes) != recipe.classes:
        raise DataError(f"{recipe.data}: {len(data.classes)} classes, not {recipe.classes}")
    input = (recipe.channels, recipe.image_size, recipe.image_size)
    train = Loader(data.train, input, recipe.batch, recipe.seed, recipe.augment)
    train.check()
    return train, Loader(data.test, input, recipe.batch)


def begin(folder: Path, recipe: Recipe, given: Arrays) -> None:
    """Makes the folder of a new run, with its first state: initial values, those given over them.

    Raises UsageError where there is a run already.
    """
    if (folder / "recipe.toml").exists():
        raise UsageError(f"{folder}: there is a run already; go on with --resume, or give another")
    plan = plan_of(recipe)
    arrays: dict[str, NDArray] = initial_arrays(plan, recipe.seed) | given
    slots = {"weights": arrays}
    if recipe.average:
        slots["average"] = {name: arrays[name] for name in plan.parameters()}
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    write_state(folder / "checkpoints", 0, join_slots(slots), {"best": -1.0})
    with atomic_file(folder / "recipe.toml") as temporary:
        temporary.write_text(to_toml(recipe))


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a run; raises DataError where the folder is none."""
    path = folder / "recipe.toml"
    if not path.is_file():
        raise DataError(f"{folder}: no run here, since it has no recipe.toml")
    return to_recipe(str(path), read_table(path))


def open_run(folder: Path) -> tuple[TrainingRun, list[str]]:
    """A run where it stands: after its newest complete state; and which states were passed over."""
    recipe = rounded(read_recipe(folder))
    plan = plan_of(recipe)
    train, test = loaders(recipe)
    state, about, passed_over = read_newest(folder / "checkpoints")
    source = str(folder / "checkpoints")
    weights.fit(source, split_slots(state).get("weights", {}), {}, plan)
    step, best = int(about["step"]), float(about.get("best", -1))
    cut_metrics(folder / "metrics.jsonl", step)
    return TrainingRun(folder, recipe, plan, train, test, state, step, best), passed_over


def write_environment(folder: Path, framework: str, version: str) -> None:
    """Keeps with a run what it was trained in, since other threads round otherwise."""
    environment = {
        "framework": framework,
        "version": version,
        "python": platform.python_version(),
        "threads": int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)),
    }
    with atomic_file(folder / "environment.json") as temporary:
        temporary.write_text(json.dumps(environment, indent=1))
