"""Layers that scale the images in front of a network: read into its preprocessing, or named."""

import json
import pickle

import numpy as np
import pytest

from common.files import weights
from common.files.contents import Contents
from common.networks import network
from common.spec.initial import initial_arrays
from common.spec.planner import make_plan
from common.tools.zoo.convert import convert, read_match
from common.tools.zoo.identify import identify
from common.tools.zoo.input_scaling import input_of_keras, scaling_of_buffers, scaling_of_keras
from common.tools.zoo.match import ReadOptions
from common.tools.zoo.read_file import keras_contents

MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def layer(kind, name="", nodes=None, **config):
    """A layer as Keras describes it."""
    return {"class_name": kind, "config": {"name": name or kind.lower(), **config}} | (
        {"inbound_nodes": nodes} if nodes else {}
    )


def model(*layers, kind="Functional", size=96):
    """A model with these layers after its input."""
    shape = layer("InputLayer", batch_shape=[None, size, size, 3])
    return {"class_name": kind, "config": {"layers": [shape, *layers]}}


def number(value):
    """The inputs of an operation of a layer's output with a number."""
    return [{"args": [{"class_name": "__keras_tensor__"}, value], "kwargs": {}}]


BODY = layer("Conv2D")
UNIT = layer("Rescaling", scale=1 / 255, offset=0.0)
FRONTS = {
    "unit": model(UNIT, BODY),
    "squeeze": model(layer("Rescaling", scale=1 / 127.5, offset=-1), BODY, kind="Sequential"),
    "operations": model(
        layer("TrueDivide", nodes=number(127.5)), layer("Subtract", nodes=number(1)), BODY
    ),
    "inside": model(layer("RandomFlip"), model(UNIT, BODY), BODY),
    "given": model(
        UNIT, layer("Normalization", mean=[[[MEAN]]], variance=[0.0524, 0.0502, 0.0506])
    ),
    "learned": model(UNIT, layer("Normalization", "n", mean=None, variance=None)),
    "other": model(layer("Rescaling", scale=2.0, offset=0.0), BODY),
    "twice": model(UNIT, layer("Rescaling", scale=2.0, offset=-1.0), BODY),
    "resized": model(layer("Resizing", height=96), UNIT, BODY),
    "unknown": model(layer("Add", nodes=[1]), BODY),
    "augmented": model(model(layer("RandomFlip"), kind="Sequential"), UNIT, model(BODY)),
    "torch": model(
        layer("TrueDivide", nodes=number(255)),
        layer("Subtract", nodes=number({"class_name": "__tensor__", "config": {"value": MEAN}})),
        layer("TrueDivide", nodes=number({"config": {"value": DEVIATION}})),
        BODY,
    ),
    "function": model(layer("Lambda"), BODY),
}
EXPECTED = {
    "unit": "unit", "squeeze": "squeeze", "operations": "squeeze", "inside": "unit",
    "given": "torchvision", "learned": "torchvision", "other": "", "twice": "squeeze",
    "resized": "unit", "unknown": "", "augmented": "unit", "torch": "torchvision", "function": "",
}  # fmt: skip


@pytest.mark.parametrize("name", FRONTS)
def test_what_keras_has_in_front(name):
    learned = {"n/0": np.array(MEAN, "f4"), "n/1": np.square(np.array(DEVIATION, "f4"))}
    scaling = scaling_of_keras(FRONTS[name], learned)
    assert scaling.preprocess == EXPECTED[name]
    contents = keras_contents(learned, json.dumps(FRONTS[name]))
    assert contents.about["input"] == [3, 96, 96]
    assert contents.about.get("preprocess", "") == EXPECTED[name]
    end = f"as preprocessing {EXPECTED[name]}" if EXPECTED[name] else "no known preprocessing"
    assert contents.notes == [scaling.note]
    assert scaling.note.endswith(end)


@pytest.mark.parametrize(
    "described",
    [
        model(BODY, UNIT),  # a rescaling inside the network is a part of it
        model(layer("Rescaling")) | {"config": 3},
        [], {}, None, 5, {"config": {"layers": [None, {"config": 1}, {"class_name": 2}]}},
    ],
)  # fmt: skip
def test_nothing_in_front(described):
    assert scaling_of_keras(described, {}) is None


@pytest.mark.parametrize(
    "config",
    [{"scale": "x"}, {"scale": []}, {"scale": [[[[[[[1]]]]]]]}, {"scale": 1e999}, {"scale": None}],
)
def test_numbers_that_cannot_be_read_are_unknown(config):
    scaling = scaling_of_keras(model(layer("Rescaling", **config)), {})
    assert scaling.preprocess == ""


def test_broken_descriptions_are_ignored():
    for text in ("", "{", "[" * 100_000, "null"):
        assert keras_contents({}, text) == Contents({"": {}})


def test_the_size_is_that_at_which_the_network_begins():
    resized = model(layer("Resizing", height=75, width=80), UNIT, BODY, size=180)
    assert input_of_keras(resized) == (3, 75, 80)
    assert input_of_keras(model(UNIT, model(BODY, size=64), size=None)) == (3, 64, 64)


def test_learned_numbers_in_front_are_not_weights_of_the_network():
    learned = {f"n/{place}": np.ones(3, "f4") for place in range(3)}
    kept = {"conv2d/0": np.ones(2, "f4")}
    contents = keras_contents(learned | kept, json.dumps(FRONTS["learned"]))
    assert contents.groups[""].keys() == kept.keys()


def test_an_input_of_any_size_is_not_recorded():
    assert input_of_keras(model(BODY, size=None)) is None


def state(prefix, mean, deviation):
    """A network behind a module that normalises, as PyTorch's state dict."""
    plan = make_plan(network("googlenet", classes=7))
    arrays = {f"{prefix}.{name}": a for name, a in initial_arrays(plan, 0).items()}
    own = own_arrays({mean: MEAN, deviation: DEVIATION}, (1, 3, 1, 1))
    return own | arrays


def own_arrays(numbers, shape):
    """The arrays of these numbers in a shape."""
    return {name: np.array(each, "f4").reshape(shape) for name, each in numbers.items()}


@pytest.mark.parametrize(
    ("prefix", "mean", "deviation"),
    [("1", "0.mean", "0.std"), ("net", "mean", "std"), ("model", "norm._mean", "norm._std")],
)
def test_a_normalize_in_front_of_a_pytorch_network(tmp_path, prefix, mean, deviation):
    source, target = tmp_path / "n.pdparams", tmp_path / "n.safetensors"
    source.write_bytes(pickle.dumps(state(prefix, mean, deviation), 4))
    match = read_match(source, "googlenet", ReadOptions())
    assert match.recorded["preprocess"] == "torchvision"
    assert f"input scaling {mean}, {deviation} recorded as preprocessing torchvision" in match.notes
    assert identify(source, ReadOptions()).matches
    report, _ = convert(source, target, "googlenet")
    assert "recorded as preprocessing" in report
    assert weights.read(target)[1]["preprocess"] == "torchvision"


def test_other_numbers_beside_a_network_are_no_preprocessing():
    bytes_ = own_arrays({"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]}, 3)
    assert scaling_of_buffers(bytes_).preprocess == "torchvision"
    own = scaling_of_buffers(own_arrays({"mean": [0.1, 0.2, 0.3], "std": [1, 1, 1]}, 3))
    assert own.note == "input scaling mean, std ignored: it matches no known preprocessing"
    assert scaling_of_buffers({"mean": np.ones(64), "std": np.ones(64)}) is None
    assert scaling_of_buffers({"mean": np.ones(3)}) is None
