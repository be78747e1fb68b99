"""Tests the reference: each layer against a definition in plain loops, or worked by hand."""

import itertools
from math import inf
from typing import get_args

import numpy as np
import pytest
from conftest import planned, seeded

from common.reference import layers, network
from common.spec import (
    LRN,
    AdaptiveAvgPool,
    Affine,
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Conv,
    DepthwiseConv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    L2Norm,
    Layer,
    Linear,
    MaxPool,
    PaddingRule,
    ReLU,
    Residual,
    pair,
)
from common.spec.padding import adaptive_windows
from common.spec.planner import make_node

RANDOM = np.random.default_rng(3)


def computed(layer, x, **weights):
    """The reference's output for one layer."""
    node = make_node(layer, "layer", x.shape[1:])
    named = {f"layer.{name}": array for name, array in weights.items()}
    return layers.apply(node, x, named, {})


def windows(layer, x):
    """Yields every window of a padded map as (row, column, values), with None beyond the border."""
    node = make_node(layer, "layer", x.shape[1:])
    (top, _), (left, _) = node.pads
    down, right = pair(layer.stride)
    window = list(itertools.product(*map(range, pair(layer.kernel))))
    for row, column in itertools.product(*map(range, node.output[1:])):
        corner = row * down - top, column * right - left
        yield row, column, [value(x, corner[0] + i, corner[1] + j) for i, j in window]


def value(x, row, column):
    """One pixel of the only channel of the only image, or None beyond the border."""
    inside = 0 <= row < x.shape[2] and 0 <= column < x.shape[3]
    return x[0, 0, row, column] if inside else None


@pytest.mark.parametrize("padding", [0, 1, (0, 1), PaddingRule.CEIL, PaddingRule.SAME], ids=str)
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (3, 1), ((2, 3), 1), (2, 2), (3, (2, 1))])
def test_windows_against_plain_loops(kernel, stride, padding):
    x = RANDOM.standard_normal((1, 1, 7, 8))
    weight = RANDOM.standard_normal((1, 1, *pair(kernel)))
    convolved = computed(Conv(1, kernel, stride, padding, bias=False), x, weight=weight)
    largest = computed(MaxPool(kernel, stride, padding), x)
    inside = computed(AvgPool(kernel, stride, padding), x)
    everywhere = computed(AvgPool(kernel, stride, padding, counts_border=True), x)
    for row, column, values in windows(MaxPool(kernel, stride, padding), x):
        known = [v for v in values if v is not None]
        products = [v * w for v, w in zip(values, weight.ravel(), strict=True) if v is not None]
        place_of = (0, 0, row, column)
        assert convolved[place_of] == pytest.approx(sum(products), abs=1e-14)
        assert largest[place_of] == max(known, default=-inf)
        assert inside[place_of] == pytest.approx(sum(known) / len(known))
        assert everywhere[place_of] == pytest.approx(sum(known) / len(values))


@pytest.mark.parametrize("multiplier", [1, 8])
def test_convolutions_of_several_channels_against_plain_loops(multiplier):
    """Stride and padding with unequal rows and columns, two images, every channel on its own."""
    x = RANDOM.standard_normal((2, 3, 6, 7))
    kernel, stride, pad = (3, 2), (2, 1), (1, 1)
    across = RANDOM.standard_normal((4, 3, *kernel))
    alone = RANDOM.standard_normal((3 * multiplier, 1, *kernel))
    convolved = computed(Conv(4, kernel, stride, pad, bias=False), x, weight=across)
    depthwise = computed(DepthwiseConv(kernel, stride, pad, multiplier), x, weight=alone)
    assert convolved.shape == (2, 4, 3, 8)
    assert depthwise.shape == (2, 3 * multiplier, 3, 8)
    around = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for image, row, column in np.ndindex(2, 3, 8):
        window = around[image, :, 2 * row : 2 * row + 3, column : column + 2]
        for out in range(4):
            right = sum(window[i] * across[out, i] for i in range(3)).sum()
            assert convolved[image, out, row, column] == pytest.approx(right, abs=1e-13)
        for out in range(3 * multiplier):
            right = (window[out // multiplier] * alone[out, 0]).sum()
            assert depthwise[image, out, row, column] == pytest.approx(right, abs=1e-13)


def test_convolution_sums_over_channels_and_adds_the_bias():
    x = np.arange(8.0).reshape(1, 2, 2, 2)
    weight = np.array([[1.0, 10.0], [0.0, -1.0]]).reshape(2, 2, 1, 1)
    y = computed(Conv(2, 1), x, weight=weight, bias=np.array([0.5, 0.0]))
    np.testing.assert_array_equal(y[0, 0], [[40.5, 51.5], [62.5, 73.5]])
    np.testing.assert_array_equal(y[0, 1], [[-4, -5], [-6, -7]])


def test_convolution_does_not_turn_the_kernel():
    x = np.array([[[[1.0, 2.0]]]])
    assert computed(Conv(1, (1, 2), bias=False), x, weight=np.array([[[[1.0, 0.0]]]])).item() == 1


def test_the_small_words():
    x = np.arange(-4.0, 4.0).reshape(1, 2, 2, 2)
    np.testing.assert_array_equal(computed(ReLU(), x).ravel(), [0, 0, 0, 0, 0, 1, 2, 3])
    np.testing.assert_array_equal(computed(Dropout(0.9), x), x)
    np.testing.assert_array_equal(computed(Flatten(), x), [[-4, -3, -2, -1, 0, 1, 2, 3]])
    np.testing.assert_array_equal(computed(GlobalAvgPool(), x).ravel(), [-2.5, 1.5])
    y = computed(Linear(1), np.array([[1.0, 2.0]]), weight=np.array([[3.0, 4.0]]), bias=np.ones(1))
    assert y.item() == 12
    bare = computed(Linear(1, bias=False), np.array([[1.0, 2.0]]), weight=np.array([[3.0, 4.0]]))
    assert bare.item() == 11


def test_batch_norm_by_its_formula():
    x = RANDOM.standard_normal((2, 2, 1, 3))
    held = {name: np.array([0.5, 2]) for name in ("running_mean", "running_var", "bias", "weight")}
    for scaled in (True, False):
        y = computed(BatchNorm(0.25, scale=scaled), x, **held)
        for channel, a in enumerate((0.5, 2.0)):
            right = (x[:, channel] - a) / (a + 0.25) ** 0.5 * (a if scaled else 1) + a
            np.testing.assert_allclose(y[:, channel], right, rtol=1e-14)


def test_batch_norm_of_vectors_is_that_of_maps_of_one_pixel():
    x, held = RANDOM.standard_normal((3, 2)), {name: np.array([0.5, 2]) for name in
        ("running_mean", "running_var", "bias", "weight")}  # fmt: skip
    one_pixel = computed(BatchNorm(0.25), x[..., None, None], **held)
    np.testing.assert_array_equal(computed(BatchNorm(0.25), x, **held), one_pixel[..., 0, 0])


def test_vectors_come_to_length_1_unless_they_are_next_to_nothing():
    y = computed(L2Norm(), np.array([[3.0, 4.0], [-5.0, 12.0], [0.0, 5e-13]]))
    np.testing.assert_allclose(y, [[0.6, 0.8], [-5 / 13, 12 / 13], [0, 0.5]], rtol=1e-15)


def test_batch_norm_uses_the_float32_eps():
    eps = make_node(BatchNorm(1e-3), "norm", (2, 4, 4)).eps
    assert eps == float(np.float32(1e-3)) != 1e-3


def test_local_response_norm_by_plain_loops():
    x = RANDOM.standard_normal((1, 7, 1, 1))
    y = computed(LRN(5, 0.5, 0.75), x)
    for c in range(7):
        around = [x[0, i, 0, 0] ** 2 for i in range(c - 2, c + 3) if 0 <= i < 7]
        right = x[0, c, 0, 0] / (1 + 0.5 / 5 * sum(around)) ** 0.75
        assert y[0, c, 0, 0] == pytest.approx(right, rel=1e-14)


def test_affine_by_channel_and_for_all():
    x = np.array([1.0, 2.0]).reshape(1, 2, 1, 1)
    y = computed(Affine((10.0, 100.0), (1.0, 2.0)), x)
    np.testing.assert_array_equal(y.ravel(), [11, 202])
    np.testing.assert_array_equal(computed(Affine((0.5,), (0.0,)), x[..., 0, 0]), [[0.5, 1]])


@pytest.mark.parametrize(
    ("rows", "windows"),
    [(14, [(0, 4), (3, 7), (7, 11), (10, 14)]), (3, [(0, 1), (0, 2), (1, 3), (2, 3)])],
)
def test_adaptive_means_overlap(rows, windows):
    assert adaptive_windows(rows, 4) == windows
    x = RANDOM.standard_normal((1, 1, rows, rows))
    y = computed(AdaptiveAvgPool(4), x)
    for i, (a, b) in enumerate(windows):
        for j, (c, d) in enumerate(windows):
            assert y[0, 0, i, j] == pytest.approx(x[0, 0, a:b, c:d].mean())


def test_branches_keep_their_order_and_steps_follow_each_other():
    x = np.array([-3.0, 2.0]).reshape(1, 2, 1, 1)
    y = computed(Concat({"z": Chain({"0": ReLU()}), "a": Dropout(0.5)}), x)
    np.testing.assert_array_equal(y.ravel(), [0, 2, -3, 2])


def test_residuals_scale_the_branch_and_not_what_it_is_added_to():
    x = np.array([-3.0, 2.0]).reshape(1, 2, 1, 1)
    np.testing.assert_array_equal(computed(Residual(ReLU(), scale=0.5), x).ravel(), [-3, 3])
    doubled = Affine((2.0,), (0.0,))
    y = computed(Residual(ReLU(), shortcut=doubled, scale=0.5), x)
    np.testing.assert_array_equal(y.ravel(), [-6, 5])


def test_no_word_of_the_grammar_goes_uncomputed():
    """Each layer type is imported here for a test of its own above."""
    assert [kind for kind in get_args(Layer) if globals().get(kind.__name__) is not kind] == []


def test_heads_read_the_step_they_hang_on():
    plan = planned(size=(96, 96), classes=3, aux=True)
    net = network.load_network(plan, seeded(plan), "float64")
    x = RANDOM.standard_normal((1, 3, 96, 96))
    found = network.forward_pass(net, x, ["inception4a", "inception4d"])
    for name, after in {"aux1": "inception4a", "aux2": "inception4d"}.items():
        alone = layers.apply(plan.heads[name], found[after], net.weights, {})
        np.testing.assert_array_equal(found[name], alone)
