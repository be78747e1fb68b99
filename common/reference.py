"""The judge: what each word of the grammar means, in NumPy float64, for maps N x C x H x W."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common import spec
from common.plan import Layer, Plan
from common.spec import pair
from common.windows import Pads, adaptive_windows

VERSION = np.__version__
Array = NDArray[np.float64]
Weights = Mapping[str, Array]


@dataclass(frozen=True)
class Network:
    """A planned network with its weights."""

    plan: Plan
    weights: Weights


def loaded(plan: Plan, weights: Mapping[str, NDArray], dtype: str) -> Network:  # noqa: ARG001
    """The network with these weights; whatever `dtype` is, the judge computes in float64."""
    return Network(plan, {name: array.astype(np.float64) for name, array in weights.items()})


def run(net: Network, x: NDArray, paths: Sequence[str]) -> dict[str, Array]:
    """The result, the heads' outputs and those of the layers at `paths`, in evaluation mode.

    `x` is N x C x H x W, and so are the maps that come out.
    """
    plan = net.plan
    outputs: dict[str, Array] = {}
    result = apply(plan.body, x.astype(np.float64), net.weights, outputs)
    for name, head in plan.heads.items():
        apply(head, outputs[plan.network.heads[name].after], net.weights, outputs)
    return {plan.network.output: result} | {path: outputs[path] for path in [*plan.heads, *paths]}


def count(net: Network) -> int:
    """How many learned parameters the network holds."""
    return sum(net.weights[name].size for name in net.plan.parameters())


def apply(layer: Layer, x: Array, weights: Weights, outputs: dict[str, Array]) -> Array:
    """The output of one layer; it and all within are also left in `outputs` under their paths."""
    match layer.word:
        case spec.Conv(stride=stride, bias=bias):
            y = convolve(border(x, layer.pads), weights[f"{layer.path}.weight"], pair(stride))
            if bias:
                y = y + weights[f"{layer.path}.bias"][:, None, None]
        case spec.DepthwiseConv(stride=stride):
            kernels = weights[f"{layer.path}.weight"]
            y = convolve_alone(border(x, layer.pads), kernels, pair(stride))
        case spec.BatchNorm(scale=scale) as norm:
            mean, variance, shift = (
                weights[f"{layer.path}.{name}"][:, None, None]
                for name in ("running_mean", "running_var", "bias")
            )
            y = (x - mean) / np.sqrt(variance + norm.float32_eps)
            if scale:
                y = y * weights[f"{layer.path}.weight"][:, None, None]
            y = y + shift
        case spec.LRN(size, alpha, beta):
            around = np.pad(x**2, ((0, 0), (size // 2, size // 2), (0, 0), (0, 0)))
            squares = added(around[:, i : i + x.shape[1]] for i in range(size))
            y = x / (1 + alpha / size * squares) ** beta
        case spec.Affine(scales, shifts):
            each = (-1, *(1 for _ in x.shape[2:]))
            y = x * np.reshape(scales, each) + np.reshape(shifts, each)
        case spec.MaxPool(kernel, stride):
            y = np.maximum.reduce(
                list(slide(border(x, layer.pads, -np.inf), pair(kernel), pair(stride)))
            )
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            inside = border(np.ones_like(x[:1, :1]), layer.pads, float(counts_border))
            total = added(slide(border(x, layer.pads), pair(kernel), pair(stride)))
            y = total / added(slide(inside, pair(kernel), pair(stride)))
        case spec.AdaptiveAvgPool(size):
            rows, columns = (adaptive_windows(n, size) for n in x.shape[2:])
            y = np.array(
                [[x[:, :, a:b, c:d].mean(axis=(2, 3)) for c, d in columns] for a, b in rows]
            ).transpose(2, 3, 0, 1)
        case spec.GlobalAvgPool():
            y = x.mean(axis=(2, 3), keepdims=True)
        case spec.ReLU():
            y = np.maximum(x, 0)
        case spec.Dropout():
            y = x
        case spec.Flatten():
            y = x.reshape(len(x), -1)
        case spec.Linear():
            y = x @ weights[f"{layer.path}.weight"].T + weights[f"{layer.path}.bias"]
        case spec.Chain():
            y = x
            for child in layer.children:
                y = apply(child, y, weights, outputs)
        case spec.Concat():
            branches = [apply(child, x, weights, outputs) for child in layer.children]
            y = np.concatenate(branches, axis=1)
        case spec.Residual(scale=scale):
            branch, *shortcut = (apply(child, x, weights, outputs) for child in layer.children)
            y = scale * branch + (shortcut[0] if shortcut else x)
        case _:
            raise TypeError(f"{layer.path}: the reference does not know {layer.word!r}")
    outputs[layer.path] = y
    return y


def border(x: Array, pads: Pads, value: float = 0) -> Array:
    """The map with a border of `value` around it."""
    return np.pad(x, ((0, 0), (0, 0), *pads), constant_values=value)


def slide(x: Array, kernel: tuple[int, int], stride: tuple[int, int]) -> Iterator[Array]:
    """For each place in the kernel, row by row, the input values that all windows have there."""
    height, width = (n - k + 1 for n, k in zip(x.shape[2:], kernel, strict=True))
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            yield x[:, :, i : i + height : stride[0], j : j + width : stride[1]]


def added(arrays: Iterable[Array]) -> Array:
    """The sum of arrays of one shape."""
    return np.asarray(sum(arrays), np.float64)


def convolve(x: Array, weight: Array, stride: tuple[int, int]) -> Array:
    """The sum, over the places in the window, of one matrix product of the channels each."""
    matrices = weight.transpose(2, 3, 0, 1).reshape(-1, *weight.shape[:2])
    places = slide(x, (weight.shape[2], weight.shape[3]), stride)
    return added(
        np.einsum("oc,nc...->no...", matrix, values, optimize=True)
        for matrix, values in zip(matrices, places, strict=True)
    )


def convolve_alone(x: Array, weight: Array, stride: tuple[int, int]) -> Array:
    """The sum, over the places in the window, of each channel times its own kernels' numbers."""
    rows, columns = weight.shape[2:]
    each = np.repeat(x, len(weight) // x.shape[1], axis=1)
    numbers = weight.reshape(len(weight), -1).T[:, None, :, None, None]
    places = slide(each, (rows, columns), stride)
    return added(values * number for number, values in zip(numbers, places, strict=True))


def relative(found: NDArray, right: NDArray) -> float:
    """The largest difference, relative to the largest value; NaN for arrays of unequal shape."""
    if found.shape != right.shape:
        return float("nan")
    largest = np.abs(right).max()
    return float(np.abs(found - right).max() / (largest or 1))
