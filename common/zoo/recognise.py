"""Published checkpoints and our names: which network a file holds, in which party's layout."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import prod

import numpy as np

from common.errors import DataError, UsageError
from common.files import weights
from common.networks import NETWORKS, network
from common.plan import Plan, lay_out, plan
from common.spec import Shape, by
from common.zoo.layouts import LAYOUTS, Arrays, Layout


@dataclass(frozen=True)
class Carried:
    """What a party's file holds beyond the weights, kept so that it can be written again.

    Counters by name, and names of its own for the layout's.
    """

    scalars: dict[str, float] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """Arrays of a party's file as ours: the plan they fit, and what else the file held."""

    layout: Layout
    plan: Plan
    arrays: Arrays
    carried: Carried


@dataclass(frozen=True)
class Misfit:
    """Why a file is not a network in a layout; `agreed` is the share of arrays that do fit."""

    name: str
    layout: Layout
    missing: list[str]
    unknown: list[str]
    misshapen: list[str]
    agreed: float

    def __str__(self) -> str:
        told = weights.faults(self.missing, self.unknown, self.misshapen)
        return f"{self.name} in the layout {self.layout.name}: {told or 'all of it fits'}"


def recognise(source: str, arrays: Arrays, about: Mapping, name: str, asked: str | None) -> Match:
    """The named network out of a file's arrays; raises DataError that says what it looks like."""
    if about.get("network", name) != name:
        raise DataError(f"{source}: says that it holds {about['network']}, not {name}")
    found = [attempt(arrays, about, name, layout) for layout in layouts_for(name, asked)]
    matches = [each for each in found if isinstance(each, Match)]
    misfits = [each for each in found if isinstance(each, Misfit)]
    if matches:
        return unambiguous(source, matches)
    if not asked:
        misfits += guesses(arrays, name)
    best = max(misfits, key=lambda misfit: (misfit.agreed, misfit.name == name))
    own = max((m for m in misfits if m.name == name), key=lambda m: m.agreed, default=best)
    other = "" if best is own else f"; it looks most like {best}"
    raise DataError(f"{source}: does not fit {own}{other}")


def unambiguous(source: str, matches: list[Match]) -> Match:
    """The one reading of a file; raises DataError where two layouts read it differently."""
    first, *others = matches
    weights.check_values(source, first.arrays)
    for other in others:
        alike = other.arrays.keys() == first.arrays.keys() and all(
            np.array_equal(first.arrays[key], array) for key, array in other.arrays.items()
        )
        if not alike:
            names = f"{first.layout.name} and {other.layout.name}"
            raise DataError(f"{source}: fits the layouts {names}, differently: say --from which")
    return first


def layouts_for(name: str, asked: str | None) -> list[Layout]:
    """The layouts a network is published in, or the one asked for; raises UsageError."""
    network(name)
    fitting = [layout for layout in LAYOUTS if layout.fits(name) and asked in (None, layout.name)]
    if not fitting:
        known = ", ".join(layout.name for layout in LAYOUTS if layout.fits(name))
        raise UsageError(f"{name} has no layout {asked!r}; there are: {known}")
    return fitting


def attempt(arrays: Arrays, about: Mapping, name: str, layout: Layout) -> Match | Misfit:
    """The file read as this network in this layout, or why it cannot be."""
    tidy = layout.tidied(arrays)
    arrays = {tidy.get(key, key): array for key, array in arrays.items()}
    laid_out = suited(arrays, about, name, layout)
    names, wanted = layout.names(laid_out), laid_out.arrays()
    here = turned_inward(arrays, names, laid_out, layout)
    rest = arrays.keys() - names.values()
    missing = [names[ours] for ours in wanted if ours in names and ours not in here]
    unknown = [k for k, array in arrays.items() if k in rest and not layout.passes_over(k, array)]
    misshapen = [
        f"{names[ours]} is {by(arrays[names[ours]].shape)}"
        for ours, array in here.items()
        if array.shape != wanted[ours]
    ]
    if missing or unknown or misshapen:
        fitting = len(wanted) - len(missing) - len(misshapen)
        agreed = fitting / max(len(wanted), fitting + len(unknown))
        return Misfit(name, layout, missing, unknown, misshapen, agreed)
    scalars = {key: arrays[key].item() for key in arrays if key in rest and not arrays[key].ndim}
    # Keras' counters only tell what else was built before.
    keeps = layout.kind != "hdf5"
    untidy = {there: key for key, there in tidy.items() if key != there and keeps}
    return Match(layout, laid_out, here, Carried(scalars, untidy))


def turned_inward(
    arrays: Arrays, names: Mapping[str, str], laid_out: Plan, layout: Layout
) -> Arrays:
    """Every array of ours that the file has, under our name and as it lies here."""
    groups = laid_out.groups()
    return {
        ours: layout.inward(arrays[names[ours]], shape, groups.get(ours, 0))
        for ours, shape in laid_out.arrays().items()
        if names.get(ours) in arrays
    }


def suited(arrays: Arrays, about: Mapping, name: str, layout: Layout) -> Plan:
    """The network with the heads, classes, channels and input size that the file is for."""
    made = network(name)
    headed = plan_if_it_fits(name, made.input, 1, bool(made.heads)) or plan(made)
    names = layout.names(headed)
    in_heads = tuple(f"{head}." for head in headed.heads)
    aux = any(there in arrays for key, there in names.items() if key.startswith(in_heads))
    given = {
        key: layout.inward(arrays[there], shape).shape
        for key, shape in headed.arrays().items()
        if (there := names.get(key)) in arrays
    }
    classes = (*given.get(f"{made.classifier}.weight", ()), 0)[0]
    first = next(key for key in names if key.endswith(".weight"))
    channels = made.input[0] if "depthwise" in first else (*given.get(first, ()), 0, 0)[1]
    heads = {key: shape for key, shape in given.items() if key.startswith(in_heads)}
    options = channels or made.input[0], classes, aux and classes > 0
    return sized(name, about.get("input", made.input)[1:], heads, *options) or plan(made)


def sized(
    name: str, recorded: Shape, heads: Mapping[str, Shape], channels: int, classes: int, aux: bool
) -> Plan | None:
    """The network for the recorded size, if its heads' arrays then have the shapes given.

    If not, for the least square that gives them those, since a head's linear layer grows with
    the input; None where no square up to 512 does.
    """

    def at(rows: int, columns: int) -> Plan | None:
        return plan_if_it_fits(name, (channels, rows, columns), classes, aux)

    def numbers(size: int) -> int:
        shapes = found.arrays() if (found := at(size, size)) else {}
        return sum(prod(shapes[key]) for key in heads if key in shapes)

    wanted = sum(prod(shape) for shape in heads.values())
    least = bisect_left(range(512), wanted, key=numbers) if heads else 0
    for size in (tuple(recorded), (least, least)):
        found = at(*size) if all(size) else None
        if found and heads.items() <= found.arrays().items():
            return found
    return None


@cache
def plan_if_it_fits(name: str, input: Shape, classes: int, aux: bool) -> Plan | None:
    """The plan, or None where the input is too small for it."""
    try:
        return lay_out(network(name, input, classes, aux))
    except UsageError:
        return None


def guesses(arrays: Arrays, name: str) -> list[Misfit]:
    """What else the file could nearly be: every other network in each of its layouts."""
    found = [
        attempt(arrays, {}, other, layout)
        for other in NETWORKS
        for layout in LAYOUTS
        if other != name and layout.fits(other)
    ]
    return [
        Misfit(each.plan.network.name, each.layout, [], [], [], 1.0)
        if isinstance(each, Match)
        else each
        for each in found
    ]


def spelled(match: Match, layout: Layout) -> Arrays:
    """Our arrays under the party's names, as they lie there, with what was carried along."""
    names = layout.names(match.plan)
    nameless = [ours for ours in match.arrays if ours not in names]
    if nameless:
        raise UsageError(f"the layout {layout.name} has no place for {nameless[0]}")
    groups = match.plan.groups()
    there = {
        names[ours]: layout.outward(array, groups.get(ours, 0))
        for ours, array in match.arrays.items()
    }
    kept = match.carried.names if layout.kind != "hdf5" else {}
    own = {kept.get(key, key): array for key, array in there.items()}
    if len(own) != len(there):
        raise DataError("the names that the file carries along are given twice")
    scalars = match.carried.scalars.items()
    return own | {k: np.asarray(v) for k, v in scalars if re.fullmatch(layout.ignored, k)}
