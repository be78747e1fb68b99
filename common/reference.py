"""The judge: what each word of the grammar means, in NumPy float64, for maps N x C x H x W."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common import spec
from common.plan import Node, Plan
from common.spec import pair
from common.windows import Pads, adaptive_windows

VERSION = np.__version__
Array = NDArray[np.float64]
Weights = Mapping[str, Array]


@dataclass(frozen=True)
class Reference:
    """A planned network with its weights, to be computed by NumPy."""

    plan: Plan
    weights: Weights


def load_network(plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> Reference:  # noqa: ARG001
    """The network with these weights; whatever `dtype` is, the judge computes in float64."""
    return Reference(plan, {name: array.astype(np.float64) for name, array in arrays.items()})


def run(net: Reference, x: NDArray, paths: Sequence[str]) -> dict[str, Array]:
    """The result, the heads' outputs and those of the layers at `paths`, in evaluation mode.

    `x` is N x C x H x W, and so are the maps that come out.
    """
    plan = net.plan
    outputs: dict[str, Array] = {}
    result = apply(plan.body, x.astype(np.float64), net.weights, outputs)
    for name, head in plan.heads.items():
        apply(head, outputs[plan.network.heads[name].after], net.weights, outputs)
    return {plan.network.output: result} | {path: outputs[path] for path in [*plan.heads, *paths]}


def count_parameters(net: Reference) -> int:
    """How many learned parameters the network holds."""
    return sum(net.weights[name].size for name in net.plan.parameters())


def apply(node: Node, x: Array, weights: Weights, outputs: dict[str, Array]) -> Array:
    """The output of one node; it and all within are also left in `outputs` under their paths."""
    if node.children:
        y = compute_children(node, x, weights, outputs)
    else:
        names = [name for name, _ in (*node.parameters, *node.statistics)]
        y = compute(node, x, {name: weights[f"{node.path}.{name}"] for name in names})
    outputs[node.path] = y
    return y


def compute(node: Node, x: Array, own: Weights) -> Array:
    """The output of a word that holds no others, with its own weights."""
    match node.word:
        case spec.Conv(stride=stride, bias=bias):
            y = convolve(border(x, node.pads), own["weight"], pair(stride))
            return y + own["bias"][:, None, None] if bias else y
        case spec.DepthwiseConv(stride=stride):
            return convolve_channels(border(x, node.pads), own["weight"], pair(stride))
        case spec.BatchNorm(scale=scale):
            each = {name: array[:, None, None] for name, array in own.items()}
            y = (x - each["running_mean"]) / np.sqrt(each["running_var"] + node.eps)
            return np.asarray((y * each["weight"] if scale else y) + each["bias"])
        case spec.LRN(size, alpha, beta):
            around = np.pad(x**2, ((0, 0), (size // 2, size // 2), (0, 0), (0, 0)))
            squares = total(around[:, i : i + x.shape[1]] for i in range(size))
            return np.asarray(x / (1 + alpha / size * squares) ** beta)
        case spec.Affine(scales, shifts):
            shape = (-1, *(1 for _ in x.shape[2:]))
            return np.asarray(x * np.reshape(scales, shape) + np.reshape(shifts, shape))
        case spec.MaxPool(kernel, stride):
            places = slide(border(x, node.pads, -np.inf), pair(kernel), pair(stride))
            return np.asarray(np.maximum.reduce(list(places)))
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            inside = border(np.ones_like(x[:1, :1]), node.pads, float(counts_border))
            sums = total(slide(border(x, node.pads), pair(kernel), pair(stride)))
            return sums / total(slide(inside, pair(kernel), pair(stride)))
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
        case spec.Linear():
            return x @ own["weight"].T + own["bias"]
    raise TypeError(f"{node.path}: the reference does not know {node.word!r}")


def compute_children(node: Node, x: Array, weights: Weights, outputs: dict[str, Array]) -> Array:
    """The output of a word that holds others."""
    match node.word:
        case spec.Chain():
            for child in node.children:
                x = apply(child, x, weights, outputs)
            return x
        case spec.Concat():
            branches = [apply(child, x, weights, outputs) for child in node.children]
            return np.concatenate(branches, axis=1)
        case spec.Residual(scale=scale):
            branch, *shortcut = (apply(child, x, weights, outputs) for child in node.children)
            return scale * branch + (shortcut[0] if shortcut else x)
    raise TypeError(f"{node.path}: the reference does not know {node.word!r}")


def adaptive_means(x: Array, size: int) -> Array:
    """The mean under each window of an adaptive pool."""
    rows, columns = (adaptive_windows(n, size) for n in x.shape[2:])
    means = [[x[:, :, a:b, c:d].mean(axis=(2, 3)) for c, d in columns] for a, b in rows]
    return np.array(means).transpose(2, 3, 0, 1)


def border(x: Array, pads: Pads, value: float = 0) -> Array:
    """The map with a border of `value` around it."""
    return np.pad(x, ((0, 0), (0, 0), *pads), constant_values=value)


def slide(x: Array, kernel: tuple[int, int], stride: tuple[int, int]) -> Iterator[Array]:
    """For each place in the kernel, row by row, the input values that all windows have there."""
    height, width = (n - k + 1 for n, k in zip(x.shape[2:], kernel, strict=True))
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            yield x[:, :, i : i + height : stride[0], j : j + width : stride[1]]


def total(arrays: Iterable[Array]) -> Array:
    """The sum of arrays of one shape."""
    return np.asarray(sum(arrays), np.float64)


def convolve(x: Array, weight: Array, stride: tuple[int, int]) -> Array:
    """The sum, over the places in the window, of one matrix product of the channels each."""
    matrices = weight.transpose(2, 3, 0, 1).reshape(-1, *weight.shape[:2])
    places = slide(x, (weight.shape[2], weight.shape[3]), stride)
    return total(
        np.einsum("oc,nc...->no...", matrix, values, optimize=True)
        for matrix, values in zip(matrices, places, strict=True)
    )


def convolve_channels(x: Array, weight: Array, stride: tuple[int, int]) -> Array:
    """The sum, over the places in the window, of each channel times its own kernels' numbers."""
    rows, columns = weight.shape[2:]
    each = np.repeat(x, len(weight) // x.shape[1], axis=1)
    numbers = weight.reshape(len(weight), -1).T[:, None, :, None, None]
    places = slide(each, (rows, columns), stride)
    return total(values * number for number, values in zip(numbers, places, strict=True))


def relative(found: NDArray, expected: NDArray) -> float:
    """The largest difference, relative to the largest value; NaN for arrays of unequal shape."""
    if found.shape != expected.shape:
        return float("nan")
    largest = np.abs(expected).max()
    return float(np.abs(found - expected).max() / (largest or 1))
