"""Joins the differences of one decision, which may show in many places of a network."""

import re
from collections.abc import Sequence
from dataclasses import replace

from common.tools.check.describe import Difference

CONVENTION, MISTAKE, CHOICE = "convention", "mistake", "choice"
# What no variant here has, but other published code does.
CONVENTIONS = re.compile(
    r"batch norm behind every convolution|no batch norm at all|two 3x3 convolutions for each 5x5"
    r"|3x3 convolutions for 5x5|convolutions: (no )?biases.*|batch norm: (no )?scale in all"
    r"|1xn and nx1 exchanged|batch norm: what running statistics keep"
)
EPS = re.compile(r"batch norm: eps(?! is).*")
USUAL_EPS = ("0.001", "1e-05", "1e-3", "1e-5")
CHOICES = re.compile(r"dropout.*(?<!in evaluation)|dropout: .*")


def decisions(found: Sequence[Difference], *, is_small: bool) -> list[Difference]:
    """The differences with those of one decision joined, each with its kind.

    `is_small` says that the images are small, so that first layers of one's own are a choice.
    """
    groups: dict[tuple, list[Difference]] = {}
    for each in found:
        groups.setdefault(key_of(each), []).append(each)
    joined = [join(group) for group in groups.values()]
    return [replace(each, kind=kind_of(each, is_small=is_small)) for each in exchanged(joined)]


def key_of(each: Difference) -> tuple:
    """What differences of one decision have in common."""
    if each.what.endswith(": channels"):
        return each.what, role(each.layer)
    return each.what, each.yours, each.table


def role(path: str) -> str:
    """A layer's path without the number of its module: `inception.branch3.1.conv`."""
    first, dot, rest = path.partition(".")
    return re.sub(r"_?\d+[a-z]?$", "", first) + dot + rest


def join(group: Sequence[Difference]) -> Difference:
    """One difference for several, with the places and lines of all."""
    first = group[0]
    places = tuple(dict.fromkeys(p for each in group for p in (each.places or (each.layer,))))
    values = {
        name: ", ".join(dict.fromkeys(getattr(each, name) for each in group))
        for name in ("yours", "table")
    }
    also = [set(each.also_in) for each in group]
    shared = tuple(name for name in first.also_in if all(name in each for each in also))
    effects = [each.effect for each in group if each.effect is not None]
    lines = tuple(dict.fromkeys(line for each in group for line in each.lines))
    return replace(
        first,
        **values,
        places=places,
        also_in=shared,
        effect=max(effects, default=None),
        lines=lines,
    )


def exchanged(found: Sequence[Difference]) -> list[Difference]:
    """The decisions, with two kernels that are the other way round as one."""
    kernels = {(e.yours, e.table): e for e in found if e.what == "convolution: kernel"}
    left: list[Difference] = []
    done: set[tuple[str, str]] = set()
    for each in found:
        other = kernels.get((each.table, each.yours))
        if each.what != "convolution: kernel" or other is None or other is each:
            left.append(each)
        elif (each.table, each.yours) not in done:
            done.add((each.yours, each.table))
            both = join([each, other])
            what = "1xn and nx1 exchanged"
            own = f"{each.yours}, then {other.yours}", f"{each.table}, then {other.table}"
            left.append(replace(both, what=what, yours=own[0], table=own[1]))
    return left


def kind_of(each: Difference, *, is_small: bool) -> str:
    """Whether a decision is a convention, a mistake or a choice."""
    if CHOICES.fullmatch(each.what) and "at work" not in each.what:
        return CHOICE
    if each.what == "stem of its own":
        return CHOICE if is_small else MISTAKE
    is_usual = EPS.fullmatch(each.what) and each.yours in USUAL_EPS
    if each.also_in or is_usual or CONVENTIONS.fullmatch(each.what):
        return CONVENTION
    return MISTAKE
