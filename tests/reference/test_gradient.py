"""Verifies the reference's gradients, of each layer and a small network, by central differences."""

from typing import get_args

import numpy as np
import pytest
from layer_examples import EXAMPLES

from common.errors import UsageError
from common.reference.gradients import Forward, backward
from common.reference.layers import apply
from common.reference.network import compute_all, differentiate, grad, load_network
from common.reference.numerics import relative_difference
from common.spec import (
    AdaptiveAvgPool,
    BatchNorm,
    Chain,
    Concat,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Head,
    Init,
    Layer,
    Linear,
    MaxPool,
    NetworkSpec,
    ReLU,
    Residual,
)
from common.spec.planner import make_node, make_plan
from common.spec.rewrite import without_dropout
from common.training.dropout import dropout_key, keeps


def test_every_layer_type_has_a_gradient_example():
    assert {type(layer) for layer, _ in EXAMPLES.values()} == set(get_args(Layer))


def slopes(function, array, step=1e-5):
    """The derivative of a number with respect to an array, which is changed and restored."""
    found = np.zeros_like(array)
    for index, value in np.ndenumerate(array):
        array[index] = value + step
        ahead = function()
        array[index] = value - step
        found[index] = (ahead - function()) / (2 * step)
        array[index] = value
    return found


def mask_of(node, images, rate):
    """The values that a dropout keeps in one training step."""
    return keeps(dropout_key(7, 1, node.path), 0, (images, *node.output), rate)


@pytest.mark.parametrize("name", EXAMPLES)
def test_gradients_are_slopes(name):
    """Differentiates a weighted sum of all outputs with respect to the input and parameters."""
    layer, shape = EXAMPLES[name]
    node, random = make_node(layer, "layer", shape), np.random.default_rng(5)
    x, dy = (random.standard_normal((2, *each)) for each in (shape, node.output))
    weights = {
        f"{each.path}.{name}": random.uniform(0.5, 1.5, size)
        for each in node.walk()
        for name, size in (*each.parameters, *each.buffers)
    }
    masks = {"layer": mask_of(node, 2, 0.4)}

    def forward():
        kept = Forward(masks)
        return kept, apply(node, x, weights, {}, kept.compute)

    gradients = {}
    kept, _ = forward()
    gradients["x"] = backward(node, dy, kept, gradients)
    learned = {f"{each.path}.{name}" for each in node.walk() for name, _ in each.parameters}
    assert gradients.keys() == {"x"} | learned
    for name, gradient in gradients.items():
        expected = slopes(lambda: (forward()[1] * dy).sum(), {"x": x, **weights}[name])
        assert relative_difference(gradient, expected) < 1e-6, name


def gradient_by_x(layer, x, dy):
    """The gradient with respect to the input of a layer without parameters."""
    node, forward = make_node(layer, "layer", x.shape[1:]), Forward({})
    apply(node, x, {}, {}, forward.compute)
    return backward(node, dy, forward, {})


def test_of_equals_under_a_max_pool_the_first_in_row_order_takes_all():
    x = np.array([[1.0, 7.0, 0.0], [7.0, 7.0, 7.0]])[None, None]
    dx = gradient_by_x(MaxPool(2, 1), x, np.array([[[[2.0, 3.0]]]]))
    np.testing.assert_array_equal(dx[0, 0], [[0, 5, 0], [0, 0, 0]])
    dx = gradient_by_x(MaxPool(2, 2, 1), np.zeros((1, 1, 2, 2)), np.ones((1, 1, 2, 2)))
    np.testing.assert_array_equal(dx, np.ones((1, 1, 2, 2)))  # the border gets nothing


def test_relu_has_no_slope_at_zero():
    dx = gradient_by_x(ReLU(), np.array([[-1.0, 0.0, 1.0]]), np.full((1, 3), 2.0))
    np.testing.assert_array_equal(dx, [[0, 0, 2]])


def test_dropout_keeps_what_the_mask_says_and_scales_it():
    node, mask = make_node(Dropout(0.75), "layer", (3,)), np.array([[True, False, True]])
    y = apply(node, np.array([[1.0, 2.0, 3.0]]), {}, {}, Forward({"layer": mask}).compute)
    np.testing.assert_array_equal(y, [[4, 0, 12]])


def small_network():
    """A small network, with a head, two dropouts and every layer type that holds other layers."""
    side = Chain({"pool": MaxPool(3, 1, 1), "conv": Conv(3, 1, bias=False)})
    steps = {
        "conv": Conv(4, 3, 2, 1),
        "norm": BatchNorm(1e-3, keep=0.8),
        "relu": ReLU(),
        "mixed": Concat({"left": Conv(2, 1), "right": side}),
        "sum": Residual(Conv(5, 1), scale=0.5),
        "pool": GlobalAvgPool(),
        "flatten": Flatten(),
        "dropout": Dropout(0.4),
        "fc": Linear(3),
    }
    ending = {"flatten": Flatten(), "dropout": Dropout(0.7), "fc": Linear(3)}
    heads = {"aux": Head("mixed", Chain({"pool": AdaptiveAvgPool(2)} | ending), 0.3)}
    body = Chain(steps)
    return NetworkSpec(
        name="small",
        origin="",
        input=(2, 7, 8),
        classes=3,
        body=body,
        heads=heads,
        classifier="fc",
        init=Init.FAN_IN,
        label_smoothing=0.1,
        aux=True,
    )


LABELS = np.array([2, 0, 1, 2])


@pytest.fixture
def small():
    """The plan of the small network, its weights, a batch and its dropout masks."""
    plan, random = make_plan(small_network()), np.random.default_rng(6)
    weights = {name: random.uniform(-1, 1, shape) for name, shape in plan.array_shapes().items()}
    x = random.standard_normal((4, *plan.spec.input))
    nodes = [node for node in plan.nodes() if isinstance(node.layer, Dropout)]
    masks = {node.path: mask_of(node, 4, node.layer.rate) for node in nodes}
    assert all(0 < mask.sum() < mask.size for mask in masks.values())
    return plan, weights, x, masks


def test_the_gradients_of_a_whole_network_are_the_slopes_of_its_loss(small):
    plan, weights, x, masks = small
    found = differentiate(plan, weights, x, LABELS, 0.1, masks).gradients
    assert list(found) == list(plan.parameter_shapes())

    def loss():
        return differentiate(plan, weights, x, LABELS, 0.1, masks).loss

    for name, gradient in found.items():
        expected = slopes(loss, weights[name])
        if name == "conv.bias":  # which batch norm cancels
            assert np.abs(gradient).max() < 1e-15
        else:
            assert relative_difference(gradient, expected) < 1e-6, name


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_by_its_definition(small, smoothing):
    """The mean over images of -log p, with part of the label's weight spread over all 3 classes."""
    plan, weights, x, masks = small
    outputs = compute_all(plan, x, weights, Forward(masks).compute)
    expected = 0.0
    for name, weight in {"logits": 1.0, "aux": 0.3}.items():
        for logits, label in zip(outputs[name], LABELS, strict=True):
            surprise = -np.log(np.exp(logits) / np.exp(logits).sum())
            own = (1 - smoothing) * surprise[label] + smoothing * surprise.mean()
            expected += weight * own / 4
    found = differentiate(plan, weights, x, LABELS, smoothing, masks).loss
    assert found == pytest.approx(expected, rel=1e-14)


def test_batch_norm_in_training_by_its_definition(small):
    """Uses the batch's statistics; the running statistics keep 0.8 of themselves, as a float32."""
    plan, weights, x, masks = small
    outputs = compute_all(plan, x, weights, Forward(masks).compute)
    found = differentiate(plan, weights, x, LABELS, 0.0, masks).buffers
    keep = float(np.float32(0.8))
    for channel in range(4):
        values = outputs["conv"][:, channel]
        mean = values.sum() / values.size
        variance = ((values - mean) ** 2).sum() / values.size
        normed = (values - mean) / np.sqrt(variance + float(np.float32(1e-3)))
        scaled = normed * weights["norm.weight"][channel] + weights["norm.bias"][channel]
        np.testing.assert_allclose(outputs["norm"][:, channel], scaled, rtol=1e-12)
        for name, value in {"running_mean": mean, "running_var": variance}.items():
            expected = keep * weights[f"norm.{name}"][channel] + (1 - keep) * value
            assert found[f"norm.{name}"][channel] == pytest.approx(expected, rel=1e-13)
    assert found.keys() == {"norm.running_mean", "norm.running_var"}


def test_grad_smooths_the_labels_as_the_network_says(small):
    _, weights, x, _ = small
    plan = make_plan(without_dropout(small_network()))
    found = grad(load_network(plan, weights, "float64"), x.astype(np.float32), LABELS)
    expected = differentiate(plan, weights, x.astype(np.float32), LABELS, 0.1)
    assert found.pop("loss") == expected.loss
    assert found.keys() == expected.gradients.keys()
    for name, gradient in expected.gradients.items():
        np.testing.assert_array_equal(found[name], gradient)


@pytest.mark.parametrize("missing", ["dropout", "aux.dropout"])
def test_dropout_in_training_needs_a_mask(small, missing):
    plan, weights, x, masks = small
    del masks[missing]
    with pytest.raises(UsageError, match=f"^{missing}: dropout in training mode requires a mask"):
        differentiate(plan, weights, x, LABELS, 0.0, masks)
