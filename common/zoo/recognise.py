"""Which network a file holds, in which party's layout."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from common.arrays import Arrays
from common.errors import DataError, UsageError
from common.files import weights
from common.files.contents import Contents
from common.networks import NETWORKS, network
from common.plan import Plan
from common.spec import shape_text
from common.zoo.find_plan import (
    find_plan,
    full_plan,
    leave_heads_of_other_classes,
    names_there,
    published_plan,
)
from common.zoo.keras_names import rename_classifier
from common.zoo.layouts import LAYOUTS, Published
from common.zoo.misfit import Misfit
from common.zoo.unwrap import Wrapped, choose_groups, open_groups


@dataclass(frozen=True)
class Wishes:
    """What is asked of a file beyond the network's name.

    Its layout, the key under which its weights lie, the trunk alone, moving averages for weights.
    """

    layout: str | None = None
    key: str | None = None
    trunk_only: bool = False
    averages: bool = False


@dataclass(frozen=True)
class Carried:
    """What a party's file holds beyond the weights, kept so that it can be written again.

    Counters by name, and names of its own for the layout's.
    """

    scalars: dict[str, float] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """Arrays of a party's file as ours: the plan they fit, what else the file held, and notes."""

    layout: Published
    plan: Plan
    arrays: Arrays
    carried: Carried = field(default_factory=Carried)
    notes: tuple[str, ...] = ()


def recognise(source: str, contents: Contents, name: str, wishes: Wishes) -> Match:
    """The named network out of a file; raises DataError that says what the file looks like."""
    says = contents.about.get("network", name)
    if says != name:
        raise DataError(f"{source}: says that it holds {says}, not {name}")
    opened = open_groups(source, contents, wishes.key, wishes.averages)
    match, misfits = try_layouts(source, contents, opened, name, wishes)
    if match is None:
        raise not_recognised(source, contents, name, misfits, wishes)
    return match


def try_layouts(
    source: str, contents: Contents, opened: dict[str, list[Wrapped]], name: str, wishes: Wishes
) -> tuple[Match | None, list[Misfit]]:
    """The named network out of a file, if it is there, and why it is not in other readings of it.

    `opened` are the file's groups, unwrapped.
    Raises DataError where several of the file's groups, or several layouts, would do.
    """
    layouts = layouts_for(name, wishes.layout)
    matches: dict[str, Match] = {}
    misfits: list[Misfit] = []
    for key, readings in opened.items():
        for wrapped in readings:
            found = [attempt(source, wrapped, contents, name, each, wishes) for each in layouts]
            fitting = [each for each in found if isinstance(each, Match)]
            misfits += [each for each in found if isinstance(each, Misfit)]
            if fitting and not any(misfit.elsewhere for misfit in misfits):
                matches[key] = unambiguous(source, fitting)
                break
    if len(matches) > 1:
        keys = ", ".join(repr(key) for key in matches)
        raise DataError(f"{source}: {keys} would all do; choose one with --key")
    return next(iter(matches.values()), None), misfits


def not_recognised(
    source: str, contents: Contents, name: str, misfits: list[Misfit], wishes: Wishes
) -> DataError:
    """The error that says how a file does not fit, and what it looks most like."""
    if not misfits:
        misfits = [nothing_in_common(contents, name, wishes)]
    own = max(misfits, key=lambda misfit: (misfit.elsewhere != "", misfit.agreed))
    others = [] if wishes.layout or own.elsewhere else guesses(source, contents, name)
    best = max([own, *others], key=lambda misfit: misfit.agreed)
    like = f"; it looks most like {best}" if best.agreed > max(own.agreed, 0) else ""
    trunk = "; --classes 0 takes its backbone only" if own.trunk_fits else ""
    kinds = [kind for names in contents.others.values() for kind in names.values()]
    unread = [kind for kind in kinds if "." in kind]
    other = f"; it holds {unread[0]}, which is not read: save state_dict() alone" if unread else ""
    return DataError(f"{source}: does not fit {own}{trunk or like}{other}")


def nothing_in_common(contents: Contents, name: str, wishes: Wishes) -> Misfit:
    """Why a file is not a network that has no name in common with it."""
    layout, plan = layouts_for(name, wishes.layout)[0], published_plan(name)
    arrays = next(iter(contents.groups.values()), {})
    missing = list(layout.names(plan).values())
    return Misfit(name, layout, missing, list(arrays), agreed=0.0)


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


def layouts_for(name: str, asked: str | None) -> list[Published]:
    """The layouts a network is published in, or the one asked for; raises UsageError."""
    network(name)
    fitting = [layout for layout in LAYOUTS if layout.fits(name) and asked in (None, layout.name)]
    if not fitting:
        known = ", ".join(dict.fromkeys(layout.name for layout in LAYOUTS if layout.fits(name)))
        raise UsageError(f"{name} has no layout {asked!r}; there are: {known}")
    return fitting


def attempt(
    source: str,
    wrapped: Wrapped,
    contents: Contents,
    name: str,
    layout: Published,
    wishes: Wishes,
) -> Match | Misfit | None:
    """The arrays read as this network in this layout, or why they cannot be; None if by no name."""
    tidy = layout.tidy(wrapped.arrays)
    arrays = {tidy.get(key, key): array for key, array in wrapped.arrays.items()}
    notes = list(wrapped.notes)
    if layout.kind == "hdf5" and not wishes.trunk_only:
        arrays = rename_classifier(arrays, full_plan(name), layout, notes)
    if names_there(layout, name).isdisjoint(arrays):
        return None
    plan = find_plan(source, arrays, contents.about, name, layout, wishes.trunk_only)
    plan, arrays = leave_heads_of_other_classes(plan, arrays, layout, notes)
    found = fit(arrays, tidy, plan, layout, notes, wishes)
    if isinstance(found, Match) and not wishes.layout and "network" not in contents.about:
        return tell_apart(source, arrays, found)
    return found


def tell_apart(source: str, arrays: Arrays, match: Match) -> Match | Misfit:
    """The match, or a misfit where its number of classes says that it is another network's."""
    name, layout = match.plan.network.name, match.layout
    classes = weights.count_classes(source, layout.inward(full_plan(name), arrays), network(name))
    if classes not in layout.elsewhere:
        return match
    advice = f"--from {layout.name} takes them all the same"
    told = f"{classes} classes are {layout.elsewhere[classes]}'s ({advice})"
    return Misfit(name, layout, elsewhere=told)


def fit(
    arrays: Arrays,
    tidy: Mapping[str, str],
    plan: Plan,
    layout: Published,
    notes: list[str],
    wishes: Wishes,
) -> Match | Misfit:
    """The plan's arrays out of a file's, or what is missing, unknown or of another shape."""
    names, wanted, ours = layout.names(plan), plan.arrays(), layout.inward(plan, arrays)
    rest = arrays.keys() - names.values()
    absent = [name for name in wanted if name not in ours]
    missing = [names[name] for name in absent if name in names and not layout.may_omit(name)]
    unknown = [key for key in arrays if key in rest and not layout.passes_over(key, arrays[key])]
    misshapen = [
        f"{names[name]} is {shape_text(arrays[names[name]].shape)}"
        for name, array in ours.items()
        if array.shape != wanted[name]
    ]
    # What belongs to a layer that is read, as a learned scale does, is never left out.
    apart = not {layer_of(key) for key in unknown} & {layer_of(key) for key in names.values()}
    if wishes.trunk_only and unknown and apart:
        notes.append(f"{len(unknown)} further arrays left out, first {unknown[0]}")
        unknown = []
    if missing or unknown or misshapen:
        fitting = len(ours) - len(misshapen)
        agreed = fitting / (len(ours) + len(missing) + len(unknown))
        trunk = plan.trunk_arrays()
        trunk_fits = apart and all(n in ours and ours[n].shape == trunk[n] for n in trunk)
        spec = plan.network
        return Misfit(spec.name, layout, missing, unknown, misshapen, agreed, trunk_fits)
    scalars = {key: arrays[key].item() for key in arrays if key in rest and not arrays[key].ndim}
    # Keras' counters only tell what else was built before.
    keeps = layout.kind != "hdf5"
    untidy = {there: key for key, there in tidy.items() if key != there and keeps}
    ones = {name: np.ones(wanted[name], np.float32) for name in absent}
    return Match(layout, plan, ours | ones, Carried(scalars, untidy), tuple(notes))


def layer_of(name: str) -> str:
    """The layer that an array belongs to, by its name in any layout."""
    return re.split(r"[./]\w+$", name)[0]


def guesses(source: str, contents: Contents, name: str) -> list[Misfit]:
    """What else the file could nearly be: every other network in each of its layouts."""
    found: list[Match | Misfit | None] = []
    for arrays in choose_groups(source, contents, None).values():
        plain = Wrapped(arrays)
        for other in NETWORKS:
            for layout in LAYOUTS:
                if other != name and layout.fits(other):
                    found.append(attempt(source, plain, contents, other, layout, Wishes()))
    return [
        Misfit(each.plan.network.name, each.layout) if isinstance(each, Match) else each
        for each in found
        if each
    ]
