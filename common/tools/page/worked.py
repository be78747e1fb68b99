"""One number of a feature map worked out: its products, bias and batch norm, or its window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common import spec
from common.spec import pair
from common.spec.plan import Node
from common.tools.analysis.branches import branches_of
from common.tools.analysis.compare import Comparison
from common.tools.page.observation import Observation

SHOWN = 5  # products


@dataclass(frozen=True)
class Product:
    """An input value, at a channel, row and column of the layer's input, times its weight."""

    channel: int
    row: int
    column: int
    value: float
    weight: float

    @property
    def product(self) -> float:
        """The product."""
        return self.value * self.weight


@dataclass(frozen=True)
class Worked:
    """One value of a convolution, from its products to what the frameworks compute.

    `stages` are the sums and functions that follow, each with its value, the last one the result;
    `frameworks` have the value in each framework.
    """

    path: str
    channel: int
    cell: tuple[int, int]
    products: tuple[Product, ...]
    more: int
    rest: float
    stages: tuple[tuple[str, float], ...]
    frameworks: dict[str, float]

    @property
    def value(self) -> float:
        """The result."""
        return self.stages[-1][1]


def work_out(
    step: Node, observation: Observation, comparison: Comparison, cell: tuple[int, int]
) -> Worked | None:
    """One value of a step: its strongest kept channel that a convolution with a window computes.

    None if no branch of the step ends in a convolution.
    """
    found: list[tuple[int, Node, int]] = []
    for place, number in enumerate(comparison.channels.get(step.path, ())):
        [own] = [b for b in branches_of(step) if b.first <= number < b.last]
        unit = last_unit(own.node)
        if unit:
            found.append((place, unit, int(number) - own.first))
    if not found:
        return None
    place, unit, channel = max(found, key=lambda each: np.prod(conv_of(each[1])[1]))
    values = {
        name: float(result.maps[step.path][place][cell])
        for name, result in comparison.results.items()
        if step.path in result.maps
    }
    return work_out_unit(unit, observation, channel, cell, values)


def last_unit(node: Node) -> Node | None:
    """The unit with a convolution that computes a node's output, if it is one."""
    if node.is_unit:
        return node if any(isinstance(n.layer, spec.Conv) for n in node.children) else None
    if isinstance(node.layer, spec.Chain) and node.children:
        return last_unit(node.children[-1])
    return None


def conv_of(unit: Node) -> tuple[Node, tuple[int, int]]:
    """The last convolution of a unit, and its window."""
    node = [n for n in unit.children if isinstance(n.layer, spec.Conv)][-1]
    assert isinstance(node.layer, spec.Conv)
    return node, pair(node.layer.kernel)


def work_out_unit(
    unit: Node,
    observation: Observation,
    channel: int,
    cell: tuple[int, int],
    frameworks: dict[str, float],
) -> Worked:
    """One value of a convolution, its batch norm and its ReLU."""
    node, _ = conv_of(unit)
    products = products_of(node, observation, channel, cell)
    products.sort(key=lambda each: -abs(each.product))
    rest = [each.product for each in products[SHOWN:]]
    value = sum(each.product for each in products)
    stages = [("sum", value)]
    for each in unit.children[unit.children.index(node) :]:
        arrays = {
            name: float(observation.weights[f"{each.path}.{name}"][channel])
            for name, shape in (*each.parameters, *each.buffers)
            if len(shape) == 1
        }
        match each.layer:
            case spec.Conv(bias=True):
                value += arrays["bias"]
                stages.append(("bias", value))
            case spec.BatchNorm(scale=scale):
                value = (value - arrays["running_mean"]) / (arrays["running_var"] + each.eps) ** 0.5
                value = value * (arrays["weight"] if scale else 1) + arrays["bias"]
                stages.append(("norm", value))
            case spec.ReLU():
                value = max(value, 0.0)
                stages.append(("relu", value))
    shown = tuple(products[:SHOWN])
    return Worked(unit.path, channel, cell, shown, len(rest), sum(rest), tuple(stages), frameworks)


def products_of(
    node: Node, observation: Observation, channel: int, cell: tuple[int, int]
) -> list[Product]:
    """The products of one value of a convolution; those with padding are left out."""
    assert isinstance(node.layer, spec.Conv)
    x, weight = observation.inputs[node.path][0], observation.weights[f"{node.path}.weight"]
    tops = [
        place * stride - pads[0]
        for place, stride, pads in zip(cell, pair(node.layer.stride), node.pads, strict=True)
    ]
    return [
        Product(c, tops[0] + i, tops[1] + j, float(x[c, tops[0] + i, tops[1] + j]), float(w))
        for (c, i, j), w in np.ndenumerate(weight[channel])
        if 0 <= tops[0] + i < x.shape[1] and 0 <= tops[1] + j < x.shape[2]
    ]


@dataclass(frozen=True)
class PoolWindows:
    """The cell of a pool that a mistake in its padding changes most, and both of its windows.

    Each window is a list of rows; None stands for padding. `right` and `wrong` are the maxima.
    """

    channel: int
    cell: tuple[int, int]
    window: Sequence[Sequence[float | None]]
    naive: Sequence[Sequence[float | None]]
    right: float
    wrong: float


def pool_windows(node: Node, observation: Observation, name: str) -> PoolWindows | None:
    """Both windows of a max pool's cell; None for another layer, or without a measurement."""
    measured = observation.mistakes.get((name, node.path))
    if not isinstance(node.layer, spec.MaxPool) or measured is None:
        return None
    apart = np.abs(measured.wrong - measured.right)
    row, column = (int(each) for each in np.unravel_index(apart.argmax(), apart.shape))
    x, kernel = observation.inputs[node.path][0, measured.channel], pair(node.layer.kernel)
    stride = pair(node.layer.stride)
    corner = row * stride[0], column * stride[1]
    starts = [c - pads[0] for c, pads in zip(corner, node.pads, strict=True)]
    shifted = [c - k // 2 for c, k in zip(corner, kernel, strict=True)]
    return PoolWindows(
        measured.channel,
        (row, column),
        values_at(x, starts, kernel),
        values_at(x, shifted, kernel),
        float(measured.right[row, column]),
        float(measured.wrong[row, column]),
    )


def values_at(
    x: np.ndarray, start: Sequence[int], kernel: tuple[int, int]
) -> list[list[float | None]]:
    """The values of a map in a window; None where the window is beyond the map."""
    rows, columns = x.shape

    def value(i: int, j: int) -> float | None:
        return float(x[i, j]) if 0 <= i < rows and 0 <= j < columns else None

    return [[value(start[0] + i, start[1] + j) for j in range(kernel[1])] for i in range(kernel[0])]
