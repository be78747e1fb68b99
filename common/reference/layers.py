"""The reference implementation of each layer type, in NumPy float64.

Feature maps are N x C x H x W, and vectors are N x C.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from common import spec
from common.spec import Size, pair
from common.spec.padding import Pads, adaptive_windows
from common.spec.plan import Node

Array = NDArray[np.float64]
Weights = Mapping[str, Array]
MIN_LENGTH = 1e-12
Compute = Callable[[Node, Array, Weights], Array]


def compute(node: Node, x: Array, own: Weights) -> Array:
    """The output of a leaf layer in evaluation mode; `own` are its arrays, such as `weight`."""
    match node.layer:
        case spec.Conv(stride=stride, bias=bias):
            y = convolve(border(x, node.pads), own["weight"], pair(stride))
            return y + own["bias"][:, None, None] if bias else y
        case spec.DepthwiseConv(stride=stride):
            return convolve_channels(border(x, node.pads), own["weight"], pair(stride))
        case spec.BatchNorm(scale=scale):
            each = {name: by_channel(array, x) for name, array in own.items()}
            y = (x - each["running_mean"]) / np.sqrt(each["running_var"] + node.eps)
            return np.asarray((y * each["weight"] if scale else y) + each["bias"])
        case spec.LRN(size, alpha, beta):
            return np.asarray(x / (1 + alpha / size * sum_around(x**2, size)) ** beta)
        case spec.Affine(scales, shifts):
            return x * by_channel(scales, x) + by_channel(shifts, x)
        case spec.MaxPool(kernel, stride):
            views = slide(border(x, node.pads, -np.inf), pair(kernel), pair(stride))
            return reduce(np.maximum, views)
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            sums = total(slide(border(x, node.pads), pair(kernel), pair(stride)))
            return sums / count_values(node, kernel, stride, counts_border)
        case spec.AdaptiveAvgPool(size):
            return adaptive_means(x, size)
        case spec.GlobalAvgPool():
            return np.asarray(x.mean(axis=(2, 3), keepdims=True))
        case spec.ReLU():
            return np.maximum(x, 0)
        case spec.Dropout():
            return x
        case spec.Flatten():
            return x.reshape(len(x), -1)
        case spec.Linear(bias=bias):
            y = x @ own["weight"].T
            return y + own["bias"] if bias else y
        case spec.L2Norm():
            return np.asarray(x / length(x))
    raise TypeError(f"{node.path}: the reference does not implement {node.layer!r}")


def apply(
    node: Node, x: Array, weights: Weights, outputs: dict[str, Array], compute: Compute = compute
) -> Array:
    """Returns the output of one node; stores it and the outputs inside it in `outputs`, by path.

    `weights` are all arrays of the network, by full name. `compute` computes the output of a leaf
    layer, by default in evaluation mode.
    """
    if node.children:
        y = compute_children(node, x, weights, outputs, compute)
    else:
        names = [name for name, _ in (*node.parameters, *node.buffers)]
        y = compute(node, x, {name: weights[f"{node.path}.{name}"] for name in names})
    outputs[node.path] = y
    return y


def compute_children(
    node: Node, x: Array, weights: Weights, outputs: dict[str, Array], compute: Compute
) -> Array:
    """The output of a layer that contains other layers."""
    given = weights, outputs, compute
    match node.layer:
        case spec.Chain():
            for child in node.children:
                x = apply(child, x, *given)
            return x
        case spec.Concat():
            branches = [apply(child, x, *given) for child in node.children]
            return np.concatenate(branches, axis=1)
        case spec.Residual(scale=scale):
            branch, *shortcut = (apply(child, x, *given) for child in node.children)
            return scale * branch + (shortcut[0] if shortcut else x)
    raise TypeError(f"{node.path}: the reference does not implement {node.layer!r}")


def by_channel(values: Iterable[float], x: Array) -> Array:
    """One value per channel, in a shape that broadcasts over feature maps or vectors."""
    return np.reshape(np.asarray(values, np.float64), (-1, *(1 for _ in x.shape[2:])))


def length(x: Array) -> Array:
    """The Euclidean length of each vector, at least `MIN_LENGTH`, as used by L2Norm."""
    return np.asarray(np.maximum(np.sqrt((x**2).sum(axis=1, keepdims=True)), MIN_LENGTH))


def sum_around(x: Array, size: int) -> Array:
    """For each channel, the sum of the `size` channels around it, or of those that exist.

    An even window includes one more channel before the channel than after it.
    """
    around = np.pad(x, ((0, 0), (size // 2, size // 2), (0, 0), (0, 0)))
    return total(around[:, i : i + x.shape[1]] for i in range(size))


def adaptive_means(x: Array, size: int) -> Array:
    """The output of an adaptive average pool: the mean over each window."""
    rows, columns = (adaptive_windows(n, size) for n in x.shape[2:])
    means = [[x[:, :, a:b, c:d].mean(axis=(2, 3)) for c, d in columns] for a, b in rows]
    return np.array(means).transpose(2, 3, 0, 1)


def count_values(node: Node, kernel: Size, stride: Size, counts_border: bool) -> Array:
    """The number of values that an average pool divides each window's sum by."""
    inside = border(np.ones((1, 1, *node.input[1:])), node.pads, float(counts_border))
    return total(slide(inside, pair(kernel), pair(stride)))


def border(x: Array, pads: Pads, value: float = 0) -> Array:
    """Feature maps padded with `value`."""
    return np.pad(x, ((0, 0), (0, 0), *pads), constant_values=value)


def slide(x: Array, kernel: tuple[int, int], stride: tuple[int, int]) -> Iterator[Array]:
    """Yields, for each position in the kernel, the values at that position in all windows.

    Positions are yielded row by row. The arrays are views of `x`, of the output's height and width.
    """
    height, width = (n - k + 1 for n, k in zip(x.shape[2:], kernel, strict=True))
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            yield x[:, :, i : i + height : stride[0], j : j + width : stride[1]]


def total(arrays: Iterable[Array]) -> Array:
    """The sum of arrays of the same shape."""
    return np.asarray(sum(arrays), np.float64)


def convolve(x: Array, weight: Array, stride: tuple[int, int]) -> Array:
    """A convolution without padding, as a sum of matrix products, one for each kernel position."""
    views = slide(x, (weight.shape[2], weight.shape[3]), stride)
    return total(
        np.einsum("oc,nc...->no...", matrix, values, optimize=True)
        for matrix, values in zip(matrices(weight), views, strict=True)
    )


def matrices(weight: Array) -> Array:
    """A kernel as matrices (out channels x in channels), one for each position, row by row."""
    return weight.transpose(2, 3, 0, 1).reshape(-1, *weight.shape[:2])


def convolve_channels(x: Array, weight: Array, stride: tuple[int, int]) -> Array:
    """A depthwise convolution: each channel times its weight, summed over the kernel positions."""
    rows, columns = weight.shape[2:]
    each = np.repeat(x, len(weight) // x.shape[1], axis=1)
    numbers = weight.reshape(len(weight), -1).T[:, None, :, None, None]
    views = slide(each, (rows, columns), stride)
    return total(values * number for number, values in zip(numbers, views, strict=True))
