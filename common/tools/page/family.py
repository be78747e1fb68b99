"""A plot of all networks by parameters and multiply-adds, with labels that do not overlap."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import dist, log10

from common.networks import NETWORKS, network
from common.spec import shape_text
from common.spec.planner import make_plan
from common.tools.analysis.receptive_field import reach

LEFT, RIGHT, TOP, BOTTOM, WIDTH, HEIGHT = 62, 380, 24, 226, 400, 270
NEAR = 7  # closer networks are drawn as one point
LETTER, TALL = 6.4, 11  # the size of a label's letters


@dataclass(frozen=True, kw_only=True)
class Relative:
    """A network of the family, as one point of the plot."""

    name: str
    origin: str
    input: str
    parameters: int
    multiply_adds: int
    depth: int


@dataclass(frozen=True, kw_only=True)
class Label:
    """A name beside a point; `anchor` says whether (x, y) is its start, middle or end."""

    text: str
    x: float
    y: float
    anchor: str

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The area it covers: left, top, right, bottom."""
        width = LETTER * len(self.text)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return left, self.y - TALL + 2, left + width, self.y + 2


@dataclass(frozen=True, kw_only=True)
class Point:
    """Networks so close to each other that they are drawn as one point, with its label."""

    x: float
    y: float
    members: tuple[Relative, ...]
    label: Label
    shown: bool


@dataclass(frozen=True, kw_only=True)
class Plane:
    """The points, and the ticks along both axes: their positions and labels."""

    points: tuple[Point, ...]
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]


@cache
def family() -> tuple[Relative, ...]:
    """Every network, in the order of the papers."""
    relatives = []
    for name in NETWORKS:
        plan = make_plan(network(name))
        spec = plan.spec
        relatives.append(
            Relative(
                name=name,
                origin=spec.origin,
                input=shape_text(spec.input),
                parameters=plan.parameter_count,
                multiply_adds=plan.multiply_adds,
                depth=reach(plan).depth,
            )
        )
    return tuple(relatives)


def plane(relatives: Sequence[Relative], shown: str) -> Plane:
    """The plot, with two logarithmic axes; `shown` is the network that the page is about."""
    parameters = [each.parameters for each in relatives]
    multiply_adds = [each.multiply_adds for each in relatives]
    across, up = scale(parameters, LEFT + 14, RIGHT - 14), scale(multiply_adds, BOTTOM - 14, TOP)
    centres = {each: (across(each.parameters), up(each.multiply_adds)) for each in relatives}
    groups: list[list[Relative]] = []
    for each in relatives:
        near = (g for g in groups if dist(centres[g[0]], centres[each]) < NEAR)
        group = next(near, None)
        groups.append([each]) if group is None else group.append(each)
    points: list[Point] = []
    spots = [centres[group[0]] for group in groups]
    for group, (x, y) in zip(groups, spots, strict=True):
        [first] = [each.name for each in group if each.name == shown] or [group[0].name]
        text = f"{first} +{len(group) - 1}" if len(group) > 1 else first
        label = free_label(text, x, y, spots, [point.label for point in points])
        points.append(Point(x=x, y=y, members=tuple(group), label=label, shown=first == shown))
    return Plane(
        points=tuple(points),
        across=tuple((across(n), short(n)) for n in ticks(parameters)),
        up=tuple((up(n), short(n)) for n in ticks(multiply_adds)),
    )


def free_label(
    text: str, x: float, y: float, spots: Sequence[tuple[float, float]], others: Sequence[Label]
) -> Label:
    """The first position around a point at which the label overlaps nothing; if none, the first."""
    tried = list(around(text, x, y))
    for label in tried:
        left, top, right, bottom = label.box
        inside = left >= LEFT + 2 and right <= WIDTH and top >= 0 and bottom <= BOTTOM - 2
        points = any(left - 6 < a < right + 6 and top - 6 < b < bottom + 6 for a, b in spots)
        if inside and not points and not any(overlap(label, other) for other in others):
            return label
    return tried[0]


def around(text: str, x: float, y: float) -> Iterator[Label]:
    """The possible positions of a label around a point, nearest first."""
    for away in (0, 12, 24, 36):
        yield Label(text=text, x=x - 9, y=y + 4 - away, anchor="end")
        yield Label(text=text, x=x + 9, y=y + 4 - away, anchor="start")
        yield Label(text=text, x=x - 9, y=y + 4 + away, anchor="end")
        yield Label(text=text, x=x + 9, y=y + 4 + away, anchor="start")
        yield Label(text=text, x=x, y=y - 10 - away, anchor="middle")
        yield Label(text=text, x=x, y=y + 18 + away, anchor="middle")


def overlap(one: Label, other: Label) -> bool:
    """Whether two labels overlap."""
    a, b = one.box, other.box
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def scale(values: Sequence[int], start: float, end: float) -> Callable[[int], float]:
    """A logarithmic scale that maps the smallest value to `start` and the largest to `end`."""
    low, high = log10(min(values)), log10(max(values))
    return lambda value: round(start + (end - start) * (log10(value) - low) / (high - low), 1)


def ticks(values: Sequence[int]) -> list[int]:
    """The round numbers, 1, 2 or 5 times a power of ten, between the smallest and largest value."""
    found = (digit * 10**power for power in range(12) for digit in (1, 2, 5))
    return [number for number in found if min(values) <= number <= max(values)]


def short(number: int) -> str:
    """A round number in millions (M) or billions (G)."""
    return f"{number // 10**9} G" if number >= 10**9 else f"{number // 10**6} M"
