"""Feature maps as pictures: each step's channels in each framework, and what mistakes would do."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.spec.plan import Plan
from common.tools.analysis.branches import branches_of
from common.tools.analysis.compare import Comparison
from common.tools.page.photographs import as_uri

LARGEST = 56  # rows or columns of a drawn map, at most
# The colours from the least to the largest value; NaN is green.
COLOURS = (
    (0, 0, 4),
    (59, 15, 112),
    (140, 41, 129),
    (222, 73, 104),
    (254, 159, 109),
    (252, 253, 191),
)
NAN = (0, 200, 120)
LEVELS = 62  # of the palette, few so that the images are small; the next colour is that of NaN


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A map as an image in a data URI, whose colours go from its least to its largest value."""

    uri: str
    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class FrameworkMap:
    """One framework's feature map and its difference from the reference.

    `largest` is the largest difference, relative to the largest value of the reference's map.
    """

    map: Drawn
    difference: Drawn
    largest: float


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One channel of a step, the strongest of `branch`: the reference's map and each framework's.

    `branch` is the path of the branch within the step; "" if the step has no branches. `own` is the
    channel's number within the branch.
    """

    number: int
    branch: str
    own: int
    reference: Drawn
    results: dict[str, FrameworkMap]


def drawn_maps(comparison: Comparison) -> dict[str, list[Channel]]:
    """The drawn feature maps of each step's kept channels, by the step's path."""
    return {
        path: [draw_channel(comparison, path, index) for index in range(len(channels))]
        for path, channels in comparison.channels.items()
    }


def draw_channel(comparison: Comparison, path: str, index: int) -> Channel:
    """One channel of a step."""
    expected = comparison.maps[path][index]
    most = float(np.abs(expected).max()) or 1.0
    results = {}
    for name, result in comparison.results.items():
        if path in result.maps:
            own = result.maps[path][index]
            apart = np.abs(own - expected)
            results[name] = FrameworkMap(
                map=draw_map(own), difference=draw_map(apart), largest=float(apart.max()) / most
            )
    number = int(comparison.channels[path][index])
    branch, own_number = branch_of(comparison.plan, path, number)
    return Channel(
        number=number, branch=branch, own=own_number, reference=draw_map(expected), results=results
    )


def branch_of(plan: Plan, path: str, channel: int) -> tuple[str, int]:
    """The path, within a step, of the branch that computes a channel, and its number there."""
    branches = branches_of(plan.find(path))
    [own] = [each for each in branches if each.first <= channel < each.last]
    return own.node.path.removeprefix(path).removeprefix("."), channel - own.first


def draw_map(values: NDArray) -> Drawn:
    """A map of rows x columns; one larger than `LARGEST` is drawn by the largest of each block."""
    finite = values[np.isfinite(values)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
    small = shrunk(values)
    with np.errstate(invalid="ignore"):
        shares = (small - least) / ((most - least) or 1.0)
    levels = np.nan_to_num(shares, nan=0, posinf=1, neginf=0).clip(0, 1) * LEVELS
    levels = np.where(np.isnan(small), LEVELS + 1, np.round(levels))
    image = Image.fromarray(levels.astype(np.uint8), "P")
    image.putpalette(palette())
    return Drawn(uri=as_uri(image, "PNG"), least=least, most=most)


def shrunk(values: NDArray) -> NDArray:
    """The largest value of each block of the smallest size for which the map is small enough."""
    size = -(-max(values.shape) // LARGEST)
    more = [(0, -n % size) for n in values.shape]
    rows, columns = ((n + after) // size for n, (_, after) in zip(values.shape, more, strict=True))
    blocks = np.pad(values, more, mode="edge").reshape(rows, size, columns, size)
    return np.asarray(blocks.max(axis=(1, 3)))


def palette() -> list[int]:
    """The red, green and blue of each level, then those of NaN."""
    positions = np.linspace(0, len(COLOURS) - 1, LEVELS + 1)
    parts = [np.interp(positions, range(len(COLOURS)), part) for part in zip(*COLOURS, strict=True)]
    return [*np.round(np.stack(parts, axis=1)).astype(int).ravel().tolist(), *NAN]
