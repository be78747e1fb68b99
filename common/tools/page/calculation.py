"""The calculation of values of a feature map: products, bias, batch norm and ReLU."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common import spec
from common.reference.layers import Array
from common.spec import pair
from common.spec.plan import Node
from common.tools.analysis.compare import Comparison
from common.tools.page.chosen_channel import Cell, choose_channel, conv_of
from common.tools.page.reference_pass import ReferencePass

SHOWN = 5  # products
DIGITS = 9  # of the factors of a product: enough to tell any two numbers of float32 apart


@dataclass(frozen=True, kw_only=True)
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

    @property
    def texts(self) -> tuple[str, str, str]:
        """Both factors rounded, and the product of the rounded ones, as they are shown."""
        value, weight = (float(f"{each:.{DIGITS}g}") for each in (self.value, self.weight))
        first, second = (np.format_float_positional(each, trim="-") for each in (value, weight))
        return first, second, f"{value * weight:.6f}"


@dataclass(frozen=True, kw_only=True)
class Calculation:
    """One value of a convolution, from its products to what the frameworks compute.

    `strides` are those of the convolution; `more` counts the products that are not among the
    largest, and `rest` is their sum; `stages` are the sums and functions that follow, each with its
    value, the last one the result; `frameworks` have the value in each framework.
    """

    path: str
    channel: int
    cell: Cell
    strides: tuple[int, int]
    products: tuple[Product, ...]
    more: int
    rest: float
    stages: tuple[tuple[str, float], ...]
    frameworks: dict[str, float]

    @property
    def value(self) -> float:
        """The result."""
        return self.stages[-1][1]

    @property
    def apart(self) -> float:
        """The largest difference of a framework's value from the result."""
        return float(np.max([abs(each - self.value) for each in self.frameworks.values()]))


def calculate(
    step: Node, reference: ReferencePass, comparison: Comparison, cells: Sequence[Cell]
) -> list[Calculation]:
    """The values of a step at these cells, all in one channel.

    It is the strongest kept channel that a convolution with a window computes. The list is empty if
    no branch of the step ends in a convolution.
    """
    chosen = choose_channel(step, comparison)
    if not chosen:
        return []
    maps = {
        name: result.maps[step.path][chosen.index]
        for name, result in comparison.results.items()
        if step.path in result.maps
    }
    return calculate_unit(chosen.unit, reference, chosen.channel, cells, maps)


def calculate_unit(
    unit: Node,
    reference: ReferencePass,
    channel: int,
    cells: Sequence[Cell],
    maps: Mapping[str, NDArray],
) -> list[Calculation]:
    """The values of a convolution, its batch norm and its ReLU at these cells of one channel."""
    node, _ = conv_of(unit)
    windows = windows_of(node, reference, cells)
    weight = reference.weights[f"{node.path}.weight"][channel]
    products = np.where(windows.inside[:, None], windows.values * weight, 0)
    stages = stages_of(unit, reference, channel, products.sum(axis=(1, 2, 3)))
    calculations = []
    for n, cell in enumerate(cells):
        largest = largest_of(products[n], windows.inside[n])
        others = products[n].copy()
        others[tuple(zip(*largest, strict=True))] = 0
        calculations.append(
            Calculation(
                path=unit.path,
                channel=channel,
                cell=cell,
                strides=windows.strides,
                products=tuple(windows.product(n, place, weight) for place in largest),
                more=int(windows.inside[n].sum()) * len(weight) - len(largest),
                rest=float(others.sum()),
                stages=tuple((name, float(values[n])) for name, values in stages),
                frameworks={name: float(values[cell]) for name, values in maps.items()},
            )
        )
    return calculations


@dataclass(frozen=True)
class Windows:
    """The input values of a convolution at some cells: `values` is cells x channels x window.

    `inside` (cells x window) says which places are in the map, the others being padding; `tops`
    has the row and column of each window's first place, `strides` the rows and columns between two.
    """

    values: Array
    inside: NDArray[np.bool_]
    tops: NDArray[np.intp]
    strides: tuple[int, int]

    def product(self, n: int, place: tuple[int, int, int], weight: Array) -> Product:
        """The product at a channel, row and column of the window of cell `n`."""
        channel, i, j = place
        row, column = int(self.tops[n, 0]) + i, int(self.tops[n, 1]) + j
        value = float(self.values[n, channel, i, j])
        return Product(
            channel=channel, row=row, column=column, value=value, weight=float(weight[place])
        )


def windows_of(node: Node, reference: ReferencePass, cells: Sequence[Cell]) -> Windows:
    """The windows of a convolution at these cells."""
    assert isinstance(node.layer, spec.Conv)
    x, kernel = reference.inputs[node.path][0], pair(node.layer.kernel)
    strides = pair(node.layer.stride)
    befores = [before for before, _ in node.pads]
    tops = np.array(cells, np.intp) * strides - befores
    rows, columns = (tops[:, axis, None] + np.arange(kernel[axis]) for axis in (0, 1))
    inside = ((rows >= 0) & (rows < x.shape[1]))[:, :, None]
    inside = inside & ((columns >= 0) & (columns < x.shape[2]))[:, None]
    rows, columns = rows.clip(0, x.shape[1] - 1), columns.clip(0, x.shape[2] - 1)
    values = x[:, rows[:, :, None], columns[:, None]].swapaxes(0, 1)
    return Windows(values, inside, tops, strides)


def largest_of(products: Array, inside: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """The channel, row and column of the largest products of a window; NaN comes first."""
    sizes = np.where(np.isnan(products), np.inf, np.abs(products))
    sizes = np.where(inside, sizes, -1).ravel()
    count = min(SHOWN, int((sizes >= 0).sum()))
    order = np.argpartition(-sizes, count - 1)[:count]
    order = order[np.lexsort((order, -sizes[order]))]
    channels, rows, columns = np.unravel_index(order, products.shape)
    return list(zip(channels.tolist(), rows.tolist(), columns.tolist(), strict=True))


def stages_of(
    unit: Node, reference: ReferencePass, channel: int, values: Array
) -> list[tuple[str, Array]]:
    """The sums of one channel's products, then the values after the bias and each later layer."""
    node, _ = conv_of(unit)
    stages = [("sum", values)]
    for each in unit.children[unit.children.index(node) :]:
        arrays = {
            name: float(reference.weights[f"{each.path}.{name}"][channel])
            for name, shape in (*each.parameters, *each.buffers)
            if len(shape) == 1
        }
        match each.layer:
            case spec.Conv(bias=True):
                values = values + arrays["bias"]
                stages.append(("bias", values))
            case spec.BatchNorm(scale=scale):
                deviation = (arrays["running_var"] + each.eps) ** 0.5
                values = (values - arrays["running_mean"]) / deviation
                values = values * (arrays["weight"] if scale else 1) + arrays["bias"]
                stages.append(("norm", values))
            case spec.ReLU():
                values = np.maximum(values, 0)
                stages.append(("relu", values))
    return stages
