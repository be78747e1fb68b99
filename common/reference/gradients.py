"""The reference in training mode: forward and backward passes, in NumPy float64.

Here dx is the gradient of the loss with respect to a layer's input x, and dy the gradient with
respect to its output.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from math import prod

import numpy as np
from numpy.typing import NDArray

from common import spec
from common.errors import UsageError
from common.reference.layers import (
    Array,
    Weights,
    border,
    by_channel,
    compute,
    count_values,
    matrices,
    slide,
    total,
)
from common.reference.norm_gradients import (
    backward_batch_norm,
    backward_l2_norm,
    backward_lrn,
    others,
)
from common.spec import Size, pair
from common.spec.padding import adaptive_windows
from common.spec.plan import Node

Masks = Mapping[str, NDArray[np.bool_]]
ALL_BUT_CHANNELS = (0, 2, 3)


@dataclass(frozen=True)
class Forward:
    """A forward pass in training mode that stores, by path, what the backward pass needs.

    `masks` are the values that each dropout keeps, and `frozen` the paths of the batch norms that
    use their running statistics. `inputs` has the input of each leaf layer, and
    `own` the arrays it computed with: parameters, the batch's mean and variance, dropout factors.
    """

    masks: Masks
    frozen: frozenset[str] = frozenset()
    inputs: dict[str, Array] = field(default_factory=dict)
    own: dict[str, Weights] = field(default_factory=dict)

    def compute(self, node: Node, x: Array, own: Weights) -> Array:
        """The output of a leaf layer in training mode; stores its input and arrays."""
        if isinstance(node.layer, spec.BatchNorm) and node.path not in self.frozen:
            # Batch statistics instead of running statistics.
            mean, variance = x.mean(axis=others(x)), x.var(axis=others(x))
            own = {**own, "running_mean": mean, "running_var": variance}
        if isinstance(node.layer, spec.Dropout):
            own = {"factors": self.dropout_factors(node, node.layer.rate)}
        self.inputs[node.path], self.own[node.path] = x, own
        return x * own["factors"] if "factors" in own else compute(node, x, own)

    def dropout_factors(self, node: Node, rate: float) -> Array:
        """The factors that dropout multiplies by; raises UsageError if its mask is missing."""
        if rate == 0:
            return np.ones(())
        if node.path not in self.masks:
            raise UsageError(
                f"{node.path}: dropout in training mode requires a mask of the values to keep"
            )
        return self.masks[node.path] / (1 - rate)


def backward(node: Node, dy: Array, forward: Forward, gradients: dict[str, Array]) -> Array:
    """Returns dx of one node; adds the gradients inside it to `gradients`, by full name."""
    if node.children:
        return backward_children(node, dy, forward, gradients)
    inputs, own = forward.inputs[node.path], forward.own[node.path]
    dx, own_gradients = backward_layer(node, inputs, own, dy, frozen=node.path in forward.frozen)
    gradients |= {f"{node.path}.{name}": gradient for name, gradient in own_gradients.items()}
    return dx


def backward_layer(
    node: Node, x: Array, own: Weights, dy: Array, *, frozen: bool
) -> tuple[Array, Weights]:
    """dx of a leaf layer, and the gradients with respect to its parameters."""
    match node.layer:
        case spec.Conv(stride=stride, bias=bias):
            dx, dweight = backward_convolve(node, x, own["weight"], stride, dy)
            dbias = {"bias": dy.sum(axis=ALL_BUT_CHANNELS)} if bias else {}
            return dx, {"weight": dweight} | dbias
        case spec.DepthwiseConv(stride=stride):
            return backward_convolve_channels(node, x, own["weight"], stride, dy)
        case spec.BatchNorm(scale=scale):
            dx, dweight, dshift = backward_batch_norm(node, x, own, dy, frozen)
            return dx, ({"weight": dweight} if scale else {}) | {"bias": dshift}
        case spec.LRN(size, alpha, beta):
            return backward_lrn(x, size, alpha, beta, dy), {}
        case spec.Affine(scales):
            return dy * by_channel(scales, x), {}
        case spec.MaxPool(kernel, stride):
            parts = dy_of_largest(node, x, kernel, stride, dy)
            return add_back(node, x, kernel, stride, parts), {}
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            share = dy / count_values(node, kernel, stride, counts_border)
            return add_back(node, x, kernel, stride, repeat(share, prod(pair(kernel)))), {}
        case spec.AdaptiveAvgPool(size):
            return backward_adaptive_means(x, size, dy), {}
        case spec.GlobalAvgPool():
            return np.broadcast_to(dy / prod(x.shape[2:]), x.shape), {}
        case spec.ReLU():
            return dy * (x > 0), {}
        case spec.Dropout():
            return dy * own["factors"], {}
        case spec.Flatten():
            return dy.reshape(x.shape), {}
        case spec.Linear(bias=bias):
            gradients = {"weight": dy.T @ x} | ({"bias": dy.sum(axis=0)} if bias else {})
            return dy @ own["weight"], gradients
        case spec.L2Norm():
            return backward_l2_norm(x, dy), {}
    raise TypeError(f"{node.path}: no gradient is implemented for {node.layer!r}")


def backward_children(
    node: Node, dy: Array, forward: Forward, gradients: dict[str, Array]
) -> Array:
    """dx of a layer that contains other layers."""
    match node.layer:
        case spec.Chain():
            for child in reversed(node.children):
                dy = backward(child, dy, forward, gradients)
            return dy
        case spec.Concat():
            ends = np.cumsum([child.output[0] for child in node.children])
            parts = zip(node.children, np.split(dy, ends[:-1], axis=1), strict=True)
            return total(backward(child, part, forward, gradients) for child, part in parts)
        case spec.Residual(scale=scale):
            branch, *shortcut = node.children
            dx = backward(branch, scale * dy, forward, gradients)
            return dx + (backward(shortcut[0], dy, forward, gradients) if shortcut else dy)
    raise TypeError(f"{node.path}: no gradient is implemented for {node.layer!r}")


def backward_convolve(
    node: Node, x: Array, weight: Array, stride: Size, dy: Array
) -> tuple[Array, Array]:
    """dx of a convolution, and the gradient with respect to its weight."""
    size = weight.shape[2], weight.shape[3]
    dweight = [
        np.einsum("nohw,nchw->oc", dy, values, optimize=True)
        for values in slide(border(x, node.pads), size, pair(stride))
    ]
    parts = (np.einsum("oc,no...->nc...", m, dy, optimize=True) for m in matrices(weight))
    dx = add_back(node, x, size, stride, parts)
    return dx, np.stack(dweight, axis=-1).reshape(weight.shape)


def backward_convolve_channels(
    node: Node, x: Array, weight: Array, stride: Size, dy: Array
) -> tuple[Array, Weights]:
    """dx of a depthwise convolution, and the gradient with respect to its weight."""
    size, multiplier = (weight.shape[2], weight.shape[3]), len(weight) // x.shape[1]
    each = np.repeat(border(x, node.pads), multiplier, axis=1)
    dweight = [
        (dy * values).sum(axis=ALL_BUT_CHANNELS) for values in slide(each, size, pair(stride))
    ]
    numbers = weight.reshape(len(weight), -1).T[:, :, None, None]
    # The `multiplier` outputs of each input channel are adjacent.
    apart = len(x), x.shape[1], multiplier, *dy.shape[2:]
    parts = ((dy * number).reshape(apart).sum(axis=2) for number in numbers)
    dx = add_back(node, x, size, stride, parts)
    return dx, {"weight": np.stack(dweight, axis=-1).reshape(weight.shape)}


def dy_of_largest(node: Node, x: Array, kernel: Size, stride: Size, dy: Array) -> Iterator[Array]:
    """Yields, for each position in the kernel, dy of the windows whose maximum is there; else 0.

    If several values are equal to the maximum, the first position gets dy.
    """
    largest = compute(node, x, {})
    free = np.ones(largest.shape, np.bool_)
    views = slide(border(x, node.pads, -np.inf), pair(kernel), pair(stride))
    for values in views:
        wins = free & (values == largest)
        free &= ~wins
        yield dy * wins


def backward_adaptive_means(x: Array, size: int, dy: Array) -> Array:
    """dx of adaptive average pooling, whose windows may overlap."""
    dx = np.zeros_like(x)
    rows, columns = (adaptive_windows(n, size) for n in x.shape[2:])
    for i, (a, b) in enumerate(rows):
        for j, (c, d) in enumerate(columns):
            dx[:, :, a:b, c:d] += dy[:, :, i, j, None, None] / ((b - a) * (d - c))
    return dx


def add_back(node: Node, x: Array, kernel: Size, stride: Size, parts: Iterable[Array]) -> Array:
    """dx of a sliding window: adds the part of each kernel position to the inputs it came from."""
    padded = border(np.zeros_like(x), node.pads)
    for values, part in zip(slide(padded, pair(kernel), pair(stride)), parts, strict=True):
        values += part  # `values` is a view of `padded`
    (top, _), (left, _) = node.pads
    return padded[:, :, top : top + node.input[1], left : left + node.input[2]]
