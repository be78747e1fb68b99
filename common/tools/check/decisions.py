"""Joins the differences of one decision, which may show in many places of a network."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from common.tools.check.describe import (
    CHOICE,
    CONVENTION,
    GROUP_NORM,
    LAYER_NORM,
    MISTAKE,
    USUAL_EPS,
    Difference,
)

EXTRA_NORM = re.compile(r"extra \w+ norm.*")
NORM_EPS = "batch norm: eps"
ROWS_FIRST = "flatten in row, column, channel order"
SOFTMAX = "extra softmax"  # as networks in Keras end
PAPERS_LRN = "LRN (size 5, alpha 0.0001, beta 0.75)"  # GoogLeNet's, at these places
LRN_PLACES = {"maxpool1", "conv3.conv", "conv3.relu"}
SCALED = "all values times", "each channel scaled"  # at the image: preprocessing
MOVED = ("max pool", "average pool")
ROW = 3  # wrong widths in one module: it has the numbers of a different module


def decisions(
    found: Sequence[Difference], *, is_small: bool, probabilities: bool = False
) -> list[Difference]:
    """The differences with those of one decision joined, each with its kind.

    `is_small` says that the images are small, so that first layers of one's own are a choice;
    `probabilities`, that the losses of the framework take these by default.
    """
    groups: dict[tuple, list[Difference]] = {}
    found = units_missing([each for each in found if not is_hidden_width(each, found)])
    rows, varied = wrong_rows(found), varied_eps(found)
    shared = {module_of(each) for each in found if each.what == "weights shared"}
    for each in found:
        if each.what.endswith(": channels") and module_of(each) in shared:
            continue  # they are those of the module whose weights it has
        own = module_of(each) if is_width(each) and module_of(each) in rows else ""
        own = role(each.layer) if (each.what, role(each.layer)) in varied else own
        groups.setdefault((own, each.what) if own else decision_key(each), []).append(each)
    joined = moved(swapped(one_width([join(group) for group in groups.values()])))
    return [
        replace(each, kind=decision_kind(each, is_small=is_small, probabilities=probabilities))
        for each in joined
    ]


def decision_key(each: Difference) -> tuple:
    """The key that differences of one decision share."""
    if each.what == "weights shared":
        owner = owner_of(each)
        return (each.what,) if owner == module_of(each) else (each.what, owner)
    if each.what.startswith("active dropout") or EXTRA_NORM.fullmatch(each.what):
        return (each.what,)
    if is_width(each) or each.what == "unexplained":
        return each.what, role(each.layer)
    own = f"{module_of(each)}."  # the same maps of each module
    return each.what, each.yours.replace(own, ""), each.table.replace(own, "")


def owner_of(each: Difference) -> str:
    """The module whose weights a layer shares."""
    return each.yours.rpartition(" ")[2].partition(".")[0]


def is_width(each: Difference) -> bool:
    """Whether a difference is a number of channels."""
    return each.what.endswith(": channels")


def module_of(each: Difference) -> str:
    """The module that a difference is in."""
    return each.layer.partition(".")[0]


def wrong_rows(found: Sequence[Difference]) -> set[str]:
    """The modules with several wrong widths, if others do not have the same ones."""
    widths = [each for each in found if is_width(each)]
    counts = Counter(map(module_of, widths))
    roles = Counter(role(each.layer) for each in widths)
    alone = {module_of(each) for each in widths if roles[role(each.layer)] <= 2}
    return {name for name, count in counts.items() if count >= ROW and name in alone}


def varied_eps(found: Sequence[Difference]) -> set[tuple[str, str]]:
    """The batch norms, by their role in a module, that have another eps in each module."""
    pairs = {(each.what, role(each.layer), each.yours) for each in found if each.what == NORM_EPS}
    counts = Counter((what, own) for what, own, _ in pairs)
    return {key for key, count in counts.items() if count > 1}


def role(path: str) -> str:
    """A layer's path without the number of its module: `inception.branch3.1.conv`."""
    first, dot, rest = path.partition(".")
    return re.sub(r"_?\d+[a-z]?$", "", first) + dot + rest


def join(group: Sequence[Difference]) -> Difference:
    """One difference for several, with the places and lines of all."""
    first = group[0]
    places = tuple(dict.fromkeys(p for each in group for p in (each.places or (each.layer,))))
    values = {
        name: ", ".join(each_once([getattr(each, name) for each in group], is_row(group)))
        for name in ("yours", "table")
    }
    if EXTRA_NORM.fullmatch(first.what):
        names = (each.yours.rpartition(": ")[2] for each in group)
        values["yours"] = f"{first.yours.partition(': ')[0]}: {', '.join(dict.fromkeys(names))}"
    if first.what == "weights shared" and len(group) > 1:
        owners = set(map(owner_of, group))
        values["yours"] = f"those of {owners.pop() if len(owners) == 1 else 'the same module'}"
    also = [set(each.also_in) for each in group]
    shared = tuple(name for name in first.also_in if all(name in each for each in also))
    effects = [each.effect for each in group if each.effect is not None]
    counts = Counter(line for each in group for line in dict.fromkeys(each.lines))
    lines = tuple(sorted(counts, key=lambda line: -counts[line]))  # those of most places first
    return replace(
        first,
        **values,
        places=places,
        also_in=shared,
        effect=max(effects, default=None),
        lines=lines,
    )


def is_row(group: Sequence[Difference]) -> bool:
    """Whether the differences are the widths of one module, each with a value of its own."""
    return all(map(is_width, group)) and len(set(map(module_of, group))) == 1


def each_once(values: Sequence[str], is_row: bool) -> Sequence[str]:
    """The values without repetitions, unless they are a row."""
    return values if is_row else list(dict.fromkeys(values))


def one_width(found: Sequence[Difference]) -> list[Difference]:
    """The decisions, with the same wrong width of several layers in the same modules as one."""
    groups: dict[object, list[Difference]] = {}
    for each in found:
        modules = frozenset(place.partition(".")[0] for place in each.places)
        key = (each.what, each.yours, each.table, modules) if is_width(each) else id(each)
        groups.setdefault(key, []).append(each)
    return [
        replace(join(group), yours=group[0].yours, table=group[0].table)
        for group in groups.values()
    ]


def swapped(found: Sequence[Difference]) -> list[Difference]:
    """The decisions, with kernels of 1xn and nx1 that are the other way round as one."""
    kernels = {(e.yours, e.table): e for e in found if is_turned(e)}
    left: list[Difference] = []
    done: set[tuple[str, str]] = set()
    for each in found:
        other = kernels.get((each.table, each.yours))
        if not is_turned(each) or other is None or other is each:
            left.append(each)
        elif (each.table, each.yours) not in done:
            done.add((each.yours, each.table))
            both = join([each, other])
            own = f"{each.yours}, then {other.yours}", f"{each.table}, then {other.table}"
            named = replace(both, what="1xn and nx1 swapped", kind=CONVENTION)
            left.append(replace(named, yours=own[0], table=own[1]))
    return left


def is_turned(each: Difference) -> bool:
    """Whether a difference is a kernel of 1xn for nx1, or the other way round."""
    own, table = (re.findall(r"\d+", text) for text in (each.yours, each.table))
    return each.what == "convolution: kernel" and own == table[::-1] != table


def moved(found: Sequence[Difference]) -> list[Difference]:
    """The decisions, with a layer that is missing in one place and extra in another as one."""
    left = list(found)
    for one, other in product(found, found):
        name = one.what.removesuffix(" missing")
        is_move = other.what == f"extra {name}" and name in MOVED
        own = [{place.partition(".")[0] for place in each.places} for each in (one, other)]
        if one.what != name and is_move and one.table == other.yours and own[0] == own[1]:
            what, lines = f"{name} in a different place", other.lines or one.lines
            places = f"after {role(other.layer)}", f"{role(one.layer)}"
            both = replace(one, what=what, yours=places[0], table=places[1], lines=lines)
            left = [both if each is one else each for each in left if each is not other]
    return left


def units_missing(found: Sequence[Difference]) -> list[Difference]:
    """The differences, with a missing convolution and the missing steps after it as one."""
    units = {unit_of(each): each for each in found if each.what == "convolution missing"}
    steps = [e for e in found if e.what in ("batch norm missing", "ReLU missing")]
    after = [each for each in steps if unit_of(each) in units and not each.places]
    left = [each for each in found if each not in after]
    return [
        replace(each, places=(each.layer, *(e.layer for e in after if unit_of(e) == unit_of(each))))
        if each is units.get(unit_of(each))
        else each
        for each in left
    ]


def unit_of(each: Difference) -> str:
    """The path of the convolution, batch norm and ReLU that a layer belongs to."""
    return each.layer.rpartition(".")[0]


def is_hidden_width(each: Difference, found: Sequence[Difference]) -> bool:
    """Whether a width is that of an extra linear layer after it, which is reported itself."""
    is_extra = "extra linear layer"
    own = (other for other in found if other.layer == each.layer)
    return each.what == "linear: features" and any(e.what.startswith(is_extra) for e in own)


def decision_kind(each: Difference, *, is_small: bool, probabilities: bool) -> str:
    """Whether a decision is a convention, a mistake or a choice."""
    if each.kind:
        return each.kind
    if each.layer == "image" and each.what.startswith(SCALED):
        return CHOICE
    if each.what == "different stem":
        return CHOICE if is_small else MISTAKE
    is_usual = each.what == NORM_EPS and each.yours in map("{:g}".format, USUAL_EPS)
    is_expected = probabilities and each.what == SOFTMAX
    is_papers = each.yours == PAPERS_LRN and LRN_PLACES.issuperset(each.places)
    is_other_norm = each.what in (GROUP_NORM, LAYER_NORM)
    is_order = each.yours == ROWS_FIRST  # as in code for TensorFlow
    if any((each.also_in, is_usual, is_expected, is_papers, is_other_norm, is_order)):
        return CONVENTION
    return MISTAKE
