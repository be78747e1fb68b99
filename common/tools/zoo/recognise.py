"""Recognises which network a file contains, and in which checkpoint format."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from common.arrays import Arrays
from common.errors import DataError, UsageError
from common.files import weights
from common.files.contents import Contents
from common.networks import NETWORKS, network
from common.spec import shape_text
from common.spec.plan import Plan
from common.tools.zoo.find_plan import (
    find_plan,
    full_plan,
    leave_heads_of_other_classes,
    names_there,
    published_plan,
)
from common.tools.zoo.formats import FORMATS, CheckpointFormat
from common.tools.zoo.keras_names import rename_classifier
from common.tools.zoo.match import Carried, Match, ReadOptions
from common.tools.zoo.misfit import Misfit
from common.tools.zoo.unwrap import Wrapped, choose_groups, inner_groups, open_groups


def recognise(source: str, contents: Contents, name: str, options: ReadOptions) -> Match:
    """The named network from a file; raises a DataError that says what the file looks like."""
    says = contents.about.get("network", name)
    if says != name:
        raise DataError(f"{source}: its metadata names {says}, not {name}")
    opened = open_groups(source, contents, options.key, options.averages)
    match, misfits = try_formats(source, contents, opened, name, options)
    if match is None:
        raise not_recognised(source, contents, name, misfits, options)
    return match


def try_formats(
    source: str,
    contents: Contents,
    opened: dict[str, list[Wrapped]],
    name: str,
    options: ReadOptions,
) -> tuple[Match | None, list[Misfit]]:
    """The named network from a file, or None, and the mismatches of all other readings.

    `opened` has the file's groups, unwrapped; if none matches, the prefixes in them are tried.
    Raises DataError if several groups or prefixes match, or if several formats match differently.
    """
    match, misfits = try_groups(source, contents, opened, name, options)
    if match is None:
        match, _ = try_groups(source, contents, inner_groups(opened), name, options)
        if match and not (match.plan.spec.classes or options.backbone_only):
            match = None  # the classifier may be among the arrays beside the prefix
    return match, misfits


def try_groups(
    source: str,
    contents: Contents,
    opened: dict[str, list[Wrapped]],
    name: str,
    options: ReadOptions,
) -> tuple[Match | None, list[Misfit]]:
    """Tries every format on each of the given groups; returns what `try_formats` does."""
    formats = formats_for(name, options.format)
    matches: dict[str, Match] = {}
    misfits: list[Misfit] = []
    for key, readings in opened.items():
        for wrapped in readings:
            attempts = [
                attempt_format(source, wrapped, contents, name, each, options) for each in formats
            ]
            fitting = [each for each in attempts if isinstance(each, Match)]
            misfits += [each for each in attempts if isinstance(each, Misfit)]
            if fitting and not any(misfit.elsewhere for misfit in misfits):
                matches[key] = unambiguous(source, fitting)
                break
    if len(matches) > 1:
        keys = ", ".join(repr(key) for key in matches)
        raise DataError(f"{source}: {keys} match; choose one with --key")
    return next(iter(matches.values()), None), misfits


def not_recognised(
    source: str, contents: Contents, name: str, misfits: list[Misfit], options: ReadOptions
) -> DataError:
    """The error that says why a file does not match, and what it looks most like."""
    if not misfits:
        misfits = [nothing_in_common(contents, name, options)]
    own = max(misfits, key=lambda misfit: (misfit.elsewhere != "", misfit.agreed))
    others = [] if options.format or own.elsewhere else guesses(source, contents, name)
    best = max([own, *others], key=lambda misfit: misfit.agreed)
    like = f"; it looks most like {best}" if best.agreed > max(own.agreed, 0) else ""
    backbone = "; --classes 0 takes its backbone only" if own.backbone_fits else ""
    kinds = [kind for names in contents.others.values() for kind in names.values()]
    unread = [kind for kind in kinds if "." in kind]
    other = f"; it holds {unread[0]}, which is not read: save only state_dict()" if unread else ""
    return DataError(f"{source}: does not fit {own}{backbone or like}{other}")


def nothing_in_common(contents: Contents, name: str, options: ReadOptions) -> Misfit:
    """The mismatch of a file with a network that has no array name in common with it."""
    format, plan = formats_for(name, options.format)[0], published_plan(name)
    arrays = next(iter(contents.groups.values()), {})
    missing = list(format.names(plan).values())
    return Misfit(name=name, format=format, missing=missing, unknown=list(arrays), agreed=0.0)


def unambiguous(source: str, matches: list[Match]) -> Match:
    """The single match of a file; raises DataError if two formats read it differently."""
    first, *others = matches
    weights.check_values(source, first.arrays)
    for other in others:
        alike = other.arrays.keys() == first.arrays.keys() and all(
            np.array_equal(first.arrays[key], array) for key, array in other.arrays.items()
        )
        if not alike:
            names = f"{first.format.name} and {other.format.name}"
            raise DataError(
                f"{source}: matches the formats {names} with different results; "
                "choose one with --from"
            )
    return first


def formats_for(name: str, asked: str | None) -> list[CheckpointFormat]:
    """The formats in which a network is published, or the requested one; raises UsageError."""
    network(name)
    fitting = [format for format in FORMATS if format.fits(name) and asked in (None, format.name)]
    if not fitting:
        known = ", ".join(dict.fromkeys(format.name for format in FORMATS if format.fits(name)))
        raise UsageError(f"unknown format {asked!r} for {name}; choose from: {known}")
    return fitting


def attempt_format(
    source: str,
    wrapped: Wrapped,
    contents: Contents,
    name: str,
    format: CheckpointFormat,
    options: ReadOptions,
) -> Match | Misfit | None:
    """The arrays as this network in this format, or why they do not match; None if no name does."""
    tidy = format.tidy(wrapped.arrays)
    arrays = {tidy.get(key, key): array for key, array in wrapped.arrays.items()}
    notes = list(wrapped.notes)
    if format.kind == "hdf5" and not options.backbone_only:
        arrays = rename_classifier(arrays, full_plan(name), format, notes)
    if names_there(format, name).isdisjoint(arrays):
        return None
    plan = find_plan(source, arrays, contents.about, name, format, options.backbone_only)
    plan, arrays = leave_heads_of_other_classes(plan, arrays, format, notes)
    result = match_arrays(arrays, tidy, plan, format, notes, options)
    if isinstance(result, Match) and wrapped.preprocess:
        result = replace(result, recorded={"preprocess": wrapped.preprocess})
    if isinstance(result, Match) and not options.format and "network" not in contents.about:
        return tell_apart(source, arrays, result)
    return result


def tell_apart(source: str, arrays: Arrays, match: Match) -> Match | Misfit:
    """The match, or a misfit if the number of classes shows that it is a different network."""
    name, format = match.plan.spec.name, match.format
    classes = weights.count_classes(
        source, format.from_layout(full_plan(name), arrays), network(name)
    )
    if classes not in format.elsewhere:
        return match
    advice = f"--from {format.name} reads them anyway"
    reason = f"{classes} classes are {format.elsewhere[classes]}'s ({advice})"
    return Misfit(name=name, format=format, elsewhere=reason)


def match_arrays(
    arrays: Arrays,
    tidy: Mapping[str, str],
    plan: Plan,
    format: CheckpointFormat,
    notes: list[str],
    options: ReadOptions,
) -> Match | Misfit:
    """The plan's arrays from a file, or those that are missing, unknown or of a wrong shape."""
    names, wanted, ours = format.names(plan), plan.array_shapes(), format.from_layout(plan, arrays)
    rest = arrays.keys() - names.values()
    absent = [name for name in wanted if name not in ours]
    missing = [names[name] for name in absent if name in names and not format.may_omit(name)]
    unknown = [key for key in arrays if key in rest and not format.passes_over(key, arrays[key])]
    misshapen = [
        f"{names[name]} is {shape_text(arrays[names[name]].shape)}"
        for name, array in ours.items()
        if array.shape != wanted[name]
    ]
    # Arrays of a layer that is read, such as a learned scale, are never left out.
    apart = not {layer_of(key) for key in unknown} & {layer_of(key) for key in names.values()}
    if options.backbone_only and unknown and apart:
        notes.append(f"{len(unknown)} further arrays left out, first {unknown[0]}")
        unknown = []
    if missing or unknown or misshapen:
        agreed = (len(ours) - len(misshapen)) / (len(ours) + len(missing) + len(unknown))
        backbone = plan.backbone_shapes().items()
        fits = apart and all(n in ours and ours[n].shape == shape for n, shape in backbone)
        return Misfit(
            name=plan.spec.name,
            format=format,
            missing=missing,
            unknown=unknown,
            misshapen=misshapen,
            agreed=agreed,
            backbone_fits=fits,
        )
    ones = {name: np.ones(wanted[name], np.float32) for name in absent}
    scalars = {key: arrays[key].item() for key in arrays if key in rest and not arrays[key].ndim}
    return Match(format, plan, ours | ones, Carried(scalars, untidy(tidy, format)), tuple(notes))


def untidy(tidy: Mapping[str, str], format: CheckpointFormat) -> dict[str, str]:
    """A file's own names for arrays, by the format's, where they differ."""
    keeps = format.kind != "hdf5"  # Keras' counters only show what else was built before
    return {there: key for key, there in tidy.items() if key != there and keeps}


def layer_of(name: str) -> str:
    """The layer to which an array belongs, from its name in any format."""
    return re.split(r"[./]\w+$", name)[0]


def guesses(source: str, contents: Contents, name: str) -> list[Misfit]:
    """The mismatches of a file with every other network, in each of its formats."""
    attempts: list[Match | Misfit | None] = []
    for arrays in choose_groups(source, contents, None).values():
        plain = Wrapped(arrays)
        for other in NETWORKS:
            for format in FORMATS:
                if other != name and format.fits(other):
                    attempts.append(
                        attempt_format(source, plain, contents, other, format, ReadOptions())
                    )
    fits = [each for each in attempts if isinstance(each, Match)]
    others = [each for each in attempts if isinstance(each, Misfit)]
    return [Misfit(name=each.plan.spec.name, format=each.format) for each in fits] + others
