"""Tests by how much each framework is off if a layer is written naively, and that ours is not.

The errors are in the table of docs/differences.md, relative to the largest expected value.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import planned
from readme import ROOT

from common.reference import network as reference
from common.reference.numerics import relative_difference
from common.spec import (
    LRN,
    AvgPool,
    BatchNorm,
    Chain,
    Conv,
    DepthwiseConv,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    PaddingRule,
)
from common.spec.planner import make_plan

DOCUMENT = ROOT / "docs" / "differences.md"
RANDOM = np.random.default_rng(11)
X = RANDOM.standard_normal((2, 4, 8, 8))
KERNEL = RANDOM.standard_normal((4, 4, 7, 7))
SQUARE = RANDOM.standard_normal((256, 256))
DEPTHWISE = RANDOM.standard_normal((8, 1, 3, 3))
ONES, SMALL = np.ones(4), np.full(4, 0.01)
NORM = {"weight": ONES, "bias": 0 * ONES, "running_mean": 0 * ONES, "running_var": SMALL}
LINEAR = {"weight": SQUARE, "bias": np.zeros(256)}

# The intended layer, its input, and its weights.
SUBJECTS: dict[str, tuple[Layer, np.ndarray, dict]] = {
    "SAME padding": (Conv(4, 7, 2, 3, bias=False), X, {"weight": KERNEL}),
    "ceil": (MaxPool(3, 2, PaddingRule.CEIL), X, {}),
    "border of an average": (AvgPool(3, 1, 1), X, {}),
    "border of an average, counted": (AvgPool(3, 1, 1, counts_border=True), X, {}),
    "LRN alpha": (LRN(5, 0.1, 0.75), X, {}),
    "batch norm eps": (BatchNorm(1e-3), X, NORM),
    "batch norm eps 1e-5": (BatchNorm(1e-5), X, NORM),
    "running variance": (BatchNorm(1e-3), X, NORM | {"running_var": X.var(axis=(0, 2, 3))}),
    "linear layout": (Chain({"f": Flatten(), "l": Linear(256)}), X, LINEAR),
    "flatten order": (Chain({"f": Flatten(), "l": Linear(256)}), X, LINEAR),
    "convolution layout": (Conv(4, 7, 2, 3, bias=False), X, {"weight": KERNEL}),
    "depthwise layout": (DepthwiseConv(3, 1, 1, multiplier=2), X, {"weight": DEPTHWISE}),
}


def ours(impl, layer, x, weights):
    """The layer's output from this project's implementation and from the reference."""
    layers = {"same": Conv(4, 1, bias=False)} | dict(
        layer.layers if isinstance(layer, Chain) else {"l": layer}
    )
    made = planned(classes=0).spec
    plan = make_plan(replace(made, input=x.shape[1:], body=Chain(layers), heads={}, classifier=""))
    arrays = {f"l.{name}": array for name, array in weights.items()}
    arrays["same.weight"] = np.eye(4).reshape(4, 4, 1, 1)
    found = impl.runner.forward_pass(impl.runner.load_network(plan, arrays, "float64"), x, [])
    right = reference.forward_pass(reference.load_network(plan, arrays, "float64"), x, [])
    return found["features"], right["features"]


def naive_pytorch(subject):
    """Naive PyTorch versions of the layers, with its defaults or another framework's numbers."""
    import torch
    from torch import nn

    x = torch.from_numpy(X)
    if subject == "ceil":
        return nn.MaxPool2d(3, 2, padding=1)(x)
    if subject == "border of an average":
        return nn.AvgPool2d(3, 1, 1)(x)
    norm = nn.BatchNorm2d(4, dtype=torch.float64)
    if subject == "running variance":
        norm = nn.BatchNorm2d(4, eps=1e-3, momentum=1, dtype=torch.float64)
        norm(x)
        norm.running_mean.zero_()
    else:
        norm.running_var.fill_(0.01)
    return norm.eval()(x)


def naive_tensorflow(subject):
    """Naive Keras versions of the layers, with its defaults or another framework's numbers."""
    import tensorflow as tf
    from keras import layers

    x = tf.constant(X.transpose(0, 2, 3, 1))
    if subject == "SAME padding":
        conv = layers.Conv2D(4, 7, 2, "same", use_bias=False, dtype="float64")
        conv.build(x.shape)
        conv.kernel.assign(KERNEL.transpose(2, 3, 1, 0))
        y = conv(x)
    elif subject == "border of an average, counted":
        y = layers.AveragePooling2D(3, 1, "same", dtype="float64")(x)
    elif subject == "LRN alpha":
        y = tf.nn.local_response_normalization(tf.cast(x, "float32"), 2, 1, 0.1, 0.75)
    elif subject == "batch norm eps 1e-5":
        norm = layers.BatchNormalization(dtype="float64")
        norm.build(x.shape)
        norm.moving_variance.assign(SMALL)
        y = norm(x)
    elif subject == "convolution layout":
        kernel = KERNEL.reshape(7, 7, 4, 4)
        padded = tf.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0)))
        y = tf.nn.conv2d(padded, kernel, 2, "VALID")
    elif subject == "depthwise layout":
        y = tf.nn.depthwise_conv2d(x, DEPTHWISE.reshape(3, 3, 4, 2), (1, 1, 1, 1), "SAME")
    elif subject == "flatten order":
        return tf.reshape(x, (2, -1)) @ SQUARE.T
    else:
        return tf.reshape(X, (2, -1)) @ SQUARE
    return np.transpose(y, (0, 3, 1, 2))


def naive_paddle(subject):
    """Naive Paddle versions of the layers, with its defaults or another framework's numbers."""
    import paddle
    from paddle import nn

    x = paddle.to_tensor(X)
    if subject == "ceil":
        return nn.MaxPool2D(3, 2, padding=1)(x)
    if subject == "border of an average, counted":
        return nn.AvgPool2D(3, 1, 1)(x)
    if subject == "batch norm eps":
        norm = nn.BatchNorm2D(4).to(dtype="float64")
        norm._variance.set_value(SMALL)
        norm.eval()
        return norm(x)
    return x.flatten(1) @ paddle.to_tensor(SQUARE)


NAIVE = {
    "pytorch": (naive_pytorch, ["ceil", "border of an average", "batch norm eps",
                                 "running variance"]),
    "tensorflow": (
        naive_tensorflow,
        ["SAME padding", "border of an average, counted", "LRN alpha", "batch norm eps 1e-5",
         "convolution layout", "depthwise layout", "flatten order", "linear layout"],
    ),
    "paddle": (
        naive_paddle,
        ["ceil", "border of an average, counted", "batch norm eps", "linear layout"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_our_way_agrees(impl, subject):
    found, right = ours(impl, *SUBJECTS[subject])
    assert relative_difference(found, right) < 1e-12


def test_the_naive_way_fails_by_what_the_document_says(impl):
    naive, subjects = NAIVE[impl.name]
    table = DOCUMENT.read_text().split("| what | the naive way")[1].split("\n\n")[0]
    stating = re.findall(rf"(?m)^\| ([^|]+) \|.*\b{impl.name} \d+\.\d+", table)
    assert sorted(stating) == sorted(subjects)
    shown = {line.split(" | ")[0]: line for line in DOCUMENT.read_text().splitlines()}
    for subject in subjects:
        _, right = ours(impl, *SUBJECTS[subject])
        value = naive(subject)
        value = value.detach().numpy() if impl.name == "pytorch" else np.asarray(value)
        off = relative_difference(value, right)
        stated = re.search(rf"{impl.name} (\S*\d)", shown[f"| {subject}"])
        assert stated, subject
        assert stated[1] == f"{off:.2g}", subject


def test_ceil_together_with_padding_gives_the_shapes_that_the_readme_says(impl):
    """With seven rows, padding 1 and 2x2 windows of stride 2, the last may begin in the padding."""
    layer, x = MaxPool(2, 2, 1), RANDOM.standard_normal((1, 4, 7, 7))
    assert ours(impl, layer, x, {})[0].shape == (1, 4, 4, 4)
    rows = {}
    if impl.name == "pytorch":
        import torch

        y = torch.nn.MaxPool2d(2, 2, padding=1, ceil_mode=True)(torch.from_numpy(x))
        rows["pytorch"] = y.shape[2]
    if impl.name == "paddle":
        import paddle

        y = paddle.nn.MaxPool2D(2, 2, padding=1, ceil_mode=True)(paddle.to_tensor(x))
        rows["paddle"] = y.shape[2]
    [shown] = [line for line in DOCUMENT.read_text().splitlines() if "| ceil with padding" in line]
    assert all(f"{framework} {number}" in shown for framework, number in rows.items())
