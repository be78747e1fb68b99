"""Unwraps the weights in users' files: training dicts, prefixed names, moving averages."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from common.arrays import Arrays, to_float32
from common.errors import DataError
from common.files.contents import Contents
from common.tools.zoo.input_scaling import scaling_of_buffers
from common.training.record import shortened

PREFIX = re.compile(r"(?!__)(\w{1,41})\.")
MAX_PREFIXES = 4
MAX_GROUPS = 6
# Counters that thop and torch's AveragedModel add to a network's arrays.
COUNTERS = re.compile(r"(?:^|\.)(total_ops|total_params|n_averaged)$")
MIN_SHARE = 4  # a prefix carries a network if at least a fourth of the arrays have it
AVERAGE = "/ExponentialMovingAverage"  # as in TF-Slim's checkpoints


@dataclass(frozen=True)
class Wrapped:
    """Arrays of a file as float32, after unwrapping, and notes on what was done.

    `preprocess` is the preprocessing that arrays beside them show, if any.
    """

    arrays: Arrays
    notes: tuple[str, ...] = ()
    preprocess: str = ""


def choose_groups(source: str, contents: Contents, key: str | None) -> dict[str, Arrays]:
    """The groups of a file that may contain the weights; raises DataError for an unknown key.

    Without a key, only the groups with the most arrays, because an optimizer may keep a group for
    every parameter.
    """
    if key is None:
        largest = sorted(contents.groups, key=lambda name: -len(contents.groups[name]))
        return {name: g for name, g in contents.groups.items() if name in largest[:MAX_GROUPS]}
    if key not in contents.groups:
        inside = [below(arrays, f"{key}.") for arrays in contents.groups.values()]
        if any(inside):
            return {key: max(inside, key=len)}
        keys = ", ".join(name for name in contents.groups if name) or "none"
        raise DataError(f"{source}: no arrays under key {key!r}; keys with arrays: {keys}")
    return {key: contents.groups[key]}


def open_groups(
    source: str, contents: Contents, key: str | None, averages: bool
) -> dict[str, list[Wrapped]]:
    """The chosen groups: each as it is, and with each wrapper and prefix removed."""
    return {
        name: list(unwrap(source, name, arrays, contents.notes, averages))
        for name, arrays in choose_groups(source, contents, key).items()
    }


def unwrap(
    source: str, key: str, arrays: Arrays, notes: list[str], averages: bool
) -> Iterator[Wrapped]:
    """Yields the arrays of a group as they are, then without each prefix that all names share."""
    done = [f"opened at {key!r}"] if key else []
    arrays, note = take_averages(source, arrays) if averages else leave_averages(arrays)
    arrays, counters = leave_counters(arrays)
    arrays, rounding = to_float32(arrays)
    done += [*note, *notes, *counters, *rounding]
    yield Wrapped(arrays, tuple(done))
    for _ in range(MAX_PREFIXES):
        prefix = common_prefix(arrays)
        if not prefix:
            return
        arrays = below(arrays, prefix)
        done.append(f"names without {prefix!r}")
        yield Wrapped(arrays, tuple(done))


def inner_groups(opened: Mapping[str, list[Wrapped]]) -> dict[str, list[Wrapped]]:
    """The arrays under each prefix that many names of a group share, with notes on the others.

    Several networks in one group, or a network beside the arrays of a loss, are found in this way.
    """
    groups = {}
    for key, readings in opened.items():
        whole = readings[-1]
        for prefix in inner_prefixes(whole.arrays):
            inside = below(whole.arrays, prefix)
            rest = [name for name in whole.arrays if not name.startswith(prefix)]
            if not inside.keys().isdisjoint(rest):  # the same names with and without the prefix
                continue
            left = f"left out: {shortened(rest)}"
            scaling = scaling_of_buffers({name: whole.arrays[name] for name in rest})
            if scaling:
                left = scaling.note
            label = f"{key}.{prefix}" if key and len(opened) > 1 else prefix
            notes = (*whole.notes, f"names without {prefix!r}", left)
            preprocess = scaling.preprocess if scaling else ""
            groups[label.removesuffix(".")] = [Wrapped(inside, notes, preprocess)]
    return groups


def inner_prefixes(names: Iterable[str]) -> list[str]:
    """The longest prefixes that a fourth of the names or more share, but not all of them."""
    names, counts = list(names), Counter[str]()
    for name in filter(PREFIX.match, names):
        parts = name.split(".")
        counts.update(".".join(parts[:n]) + "." for n in range(1, min(len(parts), MAX_PREFIXES)))
    many = {p: n for p, n in counts.items() if len(names) > n >= len(names) / MIN_SHARE}
    return sorted(
        p
        for p, n in many.items()
        if not any(q != p and q.startswith(p) and many[q] == n for q in many)
    )


def below(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays whose names have a prefix, without it."""
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def leave_counters(arrays: Arrays) -> tuple[Arrays, list[str]]:
    """The arrays without counters that were added to the network, and a note if there are any."""
    counters = {
        name: match[1]
        for name, array in arrays.items()
        if array.size == 1 and (match := COUNTERS.search(name))
    }
    rest = {name: array for name, array in arrays.items() if name not in counters}
    kinds = ", ".join(sorted(set(counters.values())))
    return rest, [f"{len(counters)} counters ({kinds}) left out"] if counters else []


def common_prefix(arrays: Mapping[str, object]) -> str:
    """The first part of all names with its dot, such as `module.`; "" if they do not share it."""
    first = PREFIX.match(next(iter(arrays), ""))
    shared = first and all(name.startswith(first[0]) for name in arrays)
    return first[0] if first and shared else ""


def take_averages(source: str, arrays: Arrays) -> tuple[Arrays, list[str]]:
    """The arrays with moving averages in place of the weights, and a note on them."""
    averages = {
        name.removesuffix(AVERAGE): array
        for name, array in arrays.items()
        if name.endswith(AVERAGE)
    }
    if not averages:
        raise DataError(f"{source}: contains no moving averages; omit --averages")
    rest = {name: array for name, array in arrays.items() if not name.endswith(AVERAGE)}
    return rest | averages, [f"{len(averages)} moving averages used"]


def leave_averages(arrays: Arrays) -> tuple[Arrays, list[str]]:
    """The arrays without moving averages, and a note if there are any."""
    rest = {name: array for name, array in arrays.items() if not name.endswith(AVERAGE)}
    count = len(arrays) - len(rest)
    return rest, [f"{count} moving averages ignored (--averages reads them)"] if count else []
