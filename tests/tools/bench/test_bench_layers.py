"""Benchmarks by layer: the layers of a network make up the network, and each is timed."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from cli import googlenet
from conftest import noise, planned, require, seeded

from common.errors import MissingFramework
from common.jobs.frameworks import FRAMEWORKS
from common.reference import network as reference
from common.tools.bench import layer_times as layers
from common.tools.bench.workload import plan_of


def quietly(*_):
    """Reports no progress."""


def test_parts_of_a_plan_make_the_whole():
    plan = planned("googlenet.torchvision.input", (96, 96), classes=5)
    plans = plan.layer_plans()
    assert [each.spec.name for each in plans][:2] == ["transform", "conv1"]
    assert plans[-1].spec.name == "avgpool"  # includes the classifier
    assert sum(each.multiply_adds for each in plans) == plan.multiply_adds
    arrays, x = seeded(plan), noise(plan)
    right = reference.forward_pass(reference.load_network(plan, arrays, "float64"), x, [])["logits"]
    for each in plans:
        own = {name: arrays[name] for name in each.array_shapes()}
        x = reference.inference_function(reference.load_network(each, own, "float64"))(x)
    np.testing.assert_array_equal(x, right)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_layer_is_timed(framework):
    require(framework)
    found = json.loads(googlenet("bench", "googlenet.d2l", "-f", framework, "--layers", "--json"))
    timed = {layer["name"]: layer for layer in found["googlenet.d2l"]}
    assert {"conv1", "maxpool1", "inception3a", "avgpool", "all"} <= timed.keys()
    assert all(layer["milliseconds"][framework] > 0 for layer in timed.values())
    assert timed["maxpool1"]["multiply_adds"] == 0


def test_a_framework_that_is_missing_leaves_the_others_timed(monkeypatch):
    def call(job):
        if job.framework == "paddle":
            raise MissingFramework("paddle is not installed")
        names = [each.spec.name for each in plan_of(job.network, "infer", 224).layer_plans()]
        return SimpleNamespace(arrays=dict.fromkeys([*names, "all"], 0.5))

    monkeypatch.setattr(layers, "call", call)
    rows, missing = layers.time_layers("googlenet", FRAMEWORKS, 1, quietly)
    assert rows[-1].milliseconds == {"pytorch": 500, "tensorflow": 500}
    assert list(map(str, missing)) == ["paddle is not installed"]
    with pytest.raises(MissingFramework):
        layers.time_layers("googlenet", ["paddle"], 1, quietly)
