"""The recipe of a resumed run: its own, for more epochs or steps if they are asked for."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from common.errors import UsageError
from common.files.atomic import atomic_file
from common.training.recipe import Recipe
from common.training.recipe_file import to_toml
from common.training.record import read_recipe


def resumed(run: Path, asked: Mapping[str, Any]) -> Recipe:
    """The recipe with which a run is resumed.

    `asked` has the fields that were given; they must equal the run's own, except that `epochs` or
    `steps` may be larger. Raises UsageError for a field that differs.
    """
    own = read_recipe(run)
    length = longer(own, asked)
    left = {name: value for name, value in asked.items() if name not in length}
    for name, mine, value in changed_settings(json.loads(json.dumps(asdict(own))), left):
        last = run / "checkpoints" / "last.safetensors"
        weights = f" from its weights: --weights {last}" if last.is_file() else ":"
        raise UsageError(
            f"{run}: the run was started with {name} = {mine!r}, but {value!r} was requested; omit "
            f"it, or start a new run{weights} --out OTHER"
        )
    return replace(own, **length)


def longer(own: Recipe, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that make a run longer, if it is to be longer."""
    epochs, steps = asked.get("epochs", 0), asked.get("steps", 0)
    if own.steps and steps > own.steps:
        return {"epochs": max(epochs, own.epochs), "steps": steps}
    if epochs > own.epochs and not steps:
        return {"epochs": epochs, "steps": 0}
    return {}


def changed_settings(
    own: Mapping[str, Any], asked: Mapping[str, Any], within: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yields the name, the run's value and the value asked for of every field that differs."""
    for name, value in asked.items():
        mine = own.get(name)
        if isinstance(value, Mapping) and isinstance(mine, Mapping):
            yield from changed_settings(mine, value, f"{within}{name}.")
        elif value != mine:
            yield f"{within}{name}", mine, value


def extend(run: Path, recipe: Recipe) -> str:
    """Records the longer recipe of a run; returns what changes, or nothing."""
    own = read_recipe(run)
    if own == recipe:
        return ""
    with atomic_file(run / "recipe.toml") as temporary:
        temporary.write_text(to_toml(recipe))
    length = f"{recipe.steps} steps" if recipe.steps else f"{recipe.epochs} epochs"
    schedule = recipe.schedule.kind
    return f"{run}: extended to {length}; the {schedule} schedule now spans all of them"
