"""A pool's cell that a mistake in the padding changes most: its window, right and wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common import spec
from common.spec import pair
from common.spec.plan import Node
from common.tools.page.reference_pass import ReferencePass


@dataclass(frozen=True, kw_only=True)
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


def pool_windows(node: Node, reference: ReferencePass, name: str) -> PoolWindows | None:
    """Both windows of a max pool's cell; None for another layer, or without a measurement."""
    measured = reference.mistakes.get((name, node.path))
    if not isinstance(node.layer, spec.MaxPool) or measured is None:
        return None
    apart = np.abs(measured.wrong - measured.right)
    row, column = (int(each) for each in np.unravel_index(apart.argmax(), apart.shape))
    x, kernel = reference.inputs[node.path][0, measured.channel], pair(node.layer.kernel)
    stride = pair(node.layer.stride)
    corner = row * stride[0], column * stride[1]
    starts = [c - pads[0] for c, pads in zip(corner, node.pads, strict=True)]
    shifted = [c - k // 2 for c, k in zip(corner, kernel, strict=True)]
    return PoolWindows(
        channel=measured.channel,
        cell=(row, column),
        window=values_at(x, starts, kernel),
        naive=values_at(x, shifted, kernel),
        right=float(measured.right[row, column]),
        wrong=float(measured.wrong[row, column]),
    )


def values_at(
    x: np.ndarray, start: Sequence[int], kernel: tuple[int, int]
) -> list[list[float | None]]:
    """The values of a map in a window; None where the window is beyond the map."""
    rows, columns = x.shape

    def value(i: int, j: int) -> float | None:
        return float(x[i, j]) if 0 <= i < rows and 0 <= j < columns else None

    return [[value(start[0] + i, start[1] + j) for j in range(kernel[1])] for i in range(kernel[0])]
