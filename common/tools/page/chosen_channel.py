"""Chooses the channel and the cell whose calculation the page shows first."""

from dataclasses import dataclass

import numpy as np

from common import spec
from common.spec import pair
from common.spec.plan import Node
from common.tools.analysis.branches import branches_of
from common.tools.analysis.compare import Comparison

Cell = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A channel of a unit whose calculation is shown, and its index among those kept for the step.

    `branch` is the path, within the step, of the branch that ends in the unit, "" if the step has
    no branches; `number` is the channel's among all that are concatenated.
    """

    index: int
    unit: Node
    channel: int
    branch: str
    number: int


def choose_channel(step: Node, comparison: Comparison) -> Chosen | None:
    """The channel of a step whose calculation is shown, None if there is none."""
    candidates: list[Chosen] = []
    for index, number in enumerate(comparison.channels.get(step.path, ())):
        [own] = [b for b in branches_of(step) if b.first <= number < b.last]
        unit = last_unit(own.node)
        if unit:
            branch = own.node.path.removeprefix(step.path).removeprefix(".")
            candidates.append(
                Chosen(
                    index=index,
                    unit=unit,
                    channel=int(number) - own.first,
                    branch=branch,
                    number=int(number),
                )
            )
    return max(candidates, key=lambda each: np.prod(conv_of(each.unit)[1]), default=None)


def first_cell(step: Node, comparison: Comparison) -> Cell:
    """The cell whose calculation is shown first: the largest value in the middle half of the map.

    If nothing is above 0 there, it is the largest of the map; without a channel, the cell in the
    middle.
    """
    _, rows, columns = step.output
    chosen = choose_channel(step, comparison)
    if not chosen:
        return rows // 2, columns // 2
    values = comparison.maps[step.path][chosen.index]
    values = np.where(np.isnan(values), -np.inf, values)
    inner = np.full_like(values, -np.inf)
    middle = slice(rows // 4, -(-3 * rows // 4)), slice(columns // 4, -(-3 * columns // 4))
    inner[middle] = values[middle]
    best = inner if inner.max() > 0 else values
    row, column = np.unravel_index(int(best.argmax()), best.shape)
    return int(row), int(column)


def last_unit(node: Node) -> Node | None:
    """The unit with a convolution that computes a node's output, if it is one."""
    if node.is_conv_unit:
        return node if any(isinstance(n.layer, spec.Conv) for n in node.children) else None
    if isinstance(node.layer, spec.Chain) and node.children:
        return last_unit(node.children[-1])
    return None


def conv_of(unit: Node) -> tuple[Node, tuple[int, int]]:
    """The last convolution of a unit, and its window."""
    node = [n for n in unit.children if isinstance(n.layer, spec.Conv)][-1]
    assert isinstance(node.layer, spec.Conv)
    return node, pair(node.layer.kernel)


def source_of(node: Node, path: str, before: Node | None = None) -> Node | None:
    """The layer whose output enters the layer at `path`, inside `node`; None if the image does."""
    if node.path == path:
        return before
    for child in node.children:
        if f"{path}.".startswith(f"{child.path}."):
            return source_of(child, path, before)
        if isinstance(node.layer, spec.Chain):
            before = child
    raise ValueError(f"{path} is not in {node.path or 'the body'}")
