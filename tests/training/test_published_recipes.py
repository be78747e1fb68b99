"""The recipes of the sources are read as they are written."""

import shlex
from pathlib import Path

import pytest
from runs import DATA

from common.command.resolve_recipe import resolve
from common.networks import NETWORKS

FOLDER = Path(__file__).parents[2] / "docs" / "recipes"
RECIPES = sorted(FOLDER.glob("*.toml"))


def command_in(path):
    """The words of the command in the recipe's comments."""
    [line] = [
        line for line in path.read_text().splitlines() if line.startswith("# googlenet train")
    ]
    return shlex.split(line.removeprefix("# "))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_resolves_for_the_network_that_it_names(path):
    words = command_in(path)
    assert words[2] in NETWORKS
    assert words[words.index("--recipe") + 1] == f"docs/recipes/{path.name}"
    recipe = resolve(path, {"network": words[2], "data": DATA})
    assert (recipe.network, recipe.init, recipe.warmup) == (words[2], "own", 0.0)


def test_the_numbers_are_those_of_the_sources():
    by_name = {path.stem: resolve(path, {"network": "googlenet", "data": DATA}) for path in RECIPES}
    d2l, paper, v3 = (by_name[name] for name in ("d2l", "googlenet", "inception_v3"))
    assert (d2l.optimizer.lr, d2l.optimizer.momentum, d2l.epochs, d2l.batch) == (0.1, 0, 10, 128)
    assert (d2l.augment.area, d2l.augment.flip, d2l.augment.shift) == (1, False, 0)
    assert (paper.schedule.factor, paper.schedule.epochs, paper.optimizer.momentum) == (
        0.96,
        8,
        0.9,
    )
    assert (v3.optimizer.eps, v3.optimizer.lr, v3.schedule.factor, v3.clip) == (1, 0.045, 0.94, 2)
