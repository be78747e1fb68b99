"""The folder of a run: begun once, then opened by whoever trains, as often as it takes."""

import json
import platform
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from common.arrays import Arrays
from common.data.check import find_faults, without
from common.data.loader import Loader
from common.data.sources import open_data
from common.errors import DataError, UsageError
from common.files import weights
from common.files.atomic import atomic_file
from common.initial import initial_arrays
from common.networks import network
from common.plan import Plan
from common.planner import make_plan
from common.preprocess import PREPROCESSES
from common.spec import Init
from common.threads import threads
from common.training.checkpoints import read_newest, state_path, write_state
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
    init = Init.FAN_IN if recipe.init == "fan_in" else made.init
    return make_plan(replace(made, init=init, preprocess=PREPROCESSES[recipe.preprocess]))


def loaders(recipe: Recipe, skipped: set[str]) -> tuple[Loader, Loader]:
    """The images to train with and those to test with, without those of these names."""
    data = open_data(recipe.data, recipe.val_split)
    if len(data.classes) > recipe.classes:
        raise DataError(
            f"{recipe.data}: {len(data.classes)} classes, and the network has {recipe.classes}"
        )
    input = (recipe.channels, recipe.image_size, recipe.image_size)
    how = PREPROCESSES[recipe.preprocess]
    train, test = without(data.train, skipped), without(data.test, skipped)
    first = Loader(train, input, recipe.batch, how, recipe.seed, recipe.augment)
    first.check()
    return first, Loader(test, input, recipe.batch, how)


def begin(folder: Path, recipe: Recipe, given: Arrays) -> list[str]:
    """Makes the folder of a new run, with its first state: initial values, those given over them.

    Returns what is wrong with each image that is to be skipped. Raises UsageError where there is
    a run already.
    """
    if (folder / "recipe.toml").exists():
        raise UsageError(f"{folder}: there is a run already; go on with --resume, or give another")
    plan = plan_of(recipe)
    data = open_data(recipe.data, recipe.val_split)
    faults = find_faults(data.train) | find_faults(data.test) if recipe.on_error == "skip" else {}
    loaders(recipe, set(faults))
    start = initial_arrays(plan, recipe.seed) | given
    arrays: dict[str, NDArray] = {n: array.astype(recipe.array_dtype) for n, array in start.items()}
    slots = {"weights": arrays}
    if recipe.average:
        slots["average"] = {name: arrays[name] for name in plan.parameters()}
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    write_state(folder / "checkpoints", 0, join_slots(slots), {"best": -1.0})
    texts = {
        "skipped.json": json.dumps(faults, indent=1),
        "classes.json": json.dumps(data.classes, indent=1),
        "recipe.toml": to_toml(recipe),  # last, since it says that here is a run
    }
    for name, text in texts.items():
        with atomic_file(folder / name) as temporary:
            temporary.write_text(text)
    return list(faults.values())


def forget(folder: Path) -> None:
    """Removes what `begin` wrote, of a run that could not start."""
    for name in ("recipe.toml", "classes.json", "skipped.json", "metrics.jsonl"):
        (folder / name).unlink(missing_ok=True)
    state_path(folder / "checkpoints", 0).unlink(missing_ok=True)
    for each in (folder / "checkpoints", folder):
        with suppress(OSError):  # not empty: something else is in there
            each.rmdir()


def read_classes(folder: Path) -> tuple[str, ...]:
    """What the classes of a run are called; nothing where it does not say."""
    return tuple(read_json(folder / "classes.json", []))


def read_json(path: Path, otherwise: Any) -> Any:
    """What is in a JSON file of a run; raises DataError for a broken one."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return otherwise
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a run; raises DataError where the folder is none."""
    path = folder / "recipe.toml"
    if not path.is_file():
        raise DataError(f"{folder}: no run here, since it has no recipe.toml")
    return to_recipe(str(path), read_table(path))


def open_run(folder: Path, rank: int = 0, ranks: int = 1) -> tuple[TrainingRun, list[str]]:
    """A run where it stands: after its newest complete state; and which states were passed over.

    Of several processes, `rank` is this one's number.
    """
    recipe = rounded(read_recipe(folder))
    if recipe.batch % ranks:
        raise UsageError(f"a batch of {recipe.batch} does not divide among {ranks} processes")
    plan = plan_of(recipe)
    train, test = loaders(recipe, set(read_json(folder / "skipped.json", {})))
    state, about, passed_over = read_newest(folder / "checkpoints")
    source = str(folder / "checkpoints")
    weights.fit(source, split_slots(state).get("weights", {}), {}, plan)
    step, best = int(about["step"]), float(about.get("best", -1))
    if not rank:
        cut_metrics(folder / "metrics.jsonl", step)
    run = TrainingRun(folder, recipe, plan, train, test, state, step, best, rank, ranks)
    return run, passed_over


def write_environment(folder: Path, framework: str, version: str, ranks: int) -> None:
    """Keeps with a run what it was trained in, since other threads round otherwise."""
    environment = {
        "framework": framework,
        "version": version,
        "python": platform.python_version(),
        "processes": ranks,
        "threads": threads(),
    }
    with atomic_file(folder / "environment.json") as temporary:
        temporary.write_text(json.dumps(environment, indent=1))
