"""Fine-tuning: frozen layers by name, and the weights of rare classes."""

import json

import numpy as np
import pytest
from narrow import narrow_module
from runs import train

from common.errors import UsageError
from common.files import weights
from common.networks import network
from common.spec.planner import make_plan
from common.training.class_weights import class_weights
from common.training.freeze import frozen_layers, trained_parameters
from common.training.recipe import Recipe

assert narrow_module  # a fixture

PLAN = make_plan(network("googlenet", (3, 96, 96), 4, aux=True))
HERE = {"network": "googlenet", "data": "digits", "channels": 3, "image_size": 96}


@pytest.mark.parametrize(
    ("wanted", "count", "first"),
    [
        ("", 0, None),
        ("backbone", 57, "conv1.conv"),
        ("conv*", 3, "conv1.conv"),
        ("inception4?, inception5a.branch1", 31, "inception4a.branch1.conv"),
        ("*.branch1", 9, "inception3a.branch1.conv"),
        ("conv1.conv", 1, "conv1.conv"),
    ],
)
def test_layers_are_frozen_by_name(wanted, count, first):
    found = frozen_layers(PLAN, wanted)
    assert len(found) == count
    assert not found or found[0] == first
    left = {name.rpartition(".")[0] for name in trained_parameters(PLAN, wanted)}
    assert not left & set(found)


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        (
            "inception6a",
            r"no layer with weights matches inception6a; choose backbone, or from: conv1, conv2,",
        ),
        ("maxpool1", "no layer with weights matches maxpool1"),
        ("*", "nothing is left to train"),
    ],
)
def test_a_pattern_must_match_some_layers_but_not_all(wanted, fault):
    with pytest.raises(UsageError, match=rf"^freeze: .*{fault}"):
        frozen_layers(PLAN, wanted)


def test_balanced_weights_give_every_class_the_same_share():
    recipe = Recipe(**HERE, classes=4, class_weights="balanced")
    labels = np.array([0] * 12 + [1] * 3 + [3])
    found = class_weights(recipe, labels)
    assert [float((found[labels] * (labels == k)).sum()) for k in (0, 1, 3)] == [16 / 3] * 3
    assert found[2] == 0  # no image has this class
    assert found[labels].mean() == pytest.approx(1)


def test_weights_by_class_need_one_for_each_class():
    recipe = Recipe(**HERE, classes=3, class_weights=(1.0, 5.0))
    with pytest.raises(UsageError, match="class_weights: 2 weights for 3 classes"):
        class_weights(recipe, np.array([0]))
    assert class_weights(Recipe(**HERE, classes=3), np.array([0])) is None


def test_a_run_freezes_what_its_recipe_says(tmp_path):
    recipe = tmp_path / "r.toml"
    recipe.write_text('class_weights = "balanced"\naverage = 0.9\n')
    run, longer = tmp_path / "run", ("--steps", 4)
    common = ("--recipe", recipe, "--freeze", "backbone", "--seed", 7)
    train(run, *common, "--steps", 2)
    first, _ = weights.read(run / "checkpoints" / "last.safetensors")
    train(run, "--resume", *longer)
    last, _ = weights.read(run / "checkpoints" / "last.safetensors")
    changed = {name for name in first if not np.array_equal(first[name], last[name])}
    assert changed == {"fc.weight", "fc.bias"}
    lines = (run / "metrics.jsonl").read_text().splitlines()
    assert sum("lr" in json.loads(line) for line in lines) == 4


@pytest.mark.parametrize(
    ("recipe", "fault"),
    [
        ('freeze = "nothing"', "freeze: no layer with weights matches nothing"),
        ("class_weights = [1.0, 5.0]", "class_weights: 2 weights for 10 classes"),
        ("class_weights = [-1.0]", "class_weights"),
        ('class_weights = "rare"', "class_weights"),
    ],
)
def test_a_recipe_that_cannot_be_used_leaves_nothing_behind(tmp_path, recipe, fault):
    path = tmp_path / "r.toml"
    path.write_text(recipe)
    output = train(
        tmp_path / "run", "--recipe", path, code=4 if "-1" in recipe or "rare" in recipe else 2
    )
    assert fault in output
    assert not (tmp_path / "run").exists()
