"""Published checkpoints and native files in and out, each conversion verified."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from common.arrays import Arrays
from common.errors import DataError, UsageError
from common.files import weights
from common.jobs.job import FindPlaces
from common.jobs.worker import call
from common.networks import NETWORKS
from common.plan import Plan
from common.spec import shape_text
from common.zoo.adapt import as_dialect, drop_background
from common.zoo.layouts import NATIVE, Published
from common.zoo.read_file import read_file
from common.zoo.recognise import Carried, Match, Wishes, layouts_for, recognise
from common.zoo.write_file import kind_of, write_file

OWN = {layout.kind: layout for layout in NATIVE}


def convert(
    source: Path,
    target: Path,
    name: str,
    wishes: Wishes = Wishes(),  # noqa: B008 - it cannot be changed
    asked_to: str | None = None,
    without_background: bool = False,
) -> tuple[str, str]:
    """Reads a file as the named network and writes it in another layout.

    Returns what it was in one line, and a warning in another, which may be empty. Raises UsageError
    for a layout the network is not published in, DataError for a file that is not the network,
    CheckFailed if what was written does not read back bit for bit.
    """
    layouts_for(name, wishes.layout)  # an unknown name is told before any file is read
    kind, warning = kind_of(target), ""
    goal, layout = choose_target(name, kind, asked_to)
    match = read_match(source, name, wishes)
    if without_background:
        match = drop_background(match)
    if goal != name:
        match, warning = as_dialect(match, goal)
    arrays = name_arrays(match, layout)
    about = weights.describe(match.plan)
    if match.carried != Carried():
        about["carried"] = vars(match.carried)
    write_file(target, arrays, about, find_places(match.plan, layout))
    return report(match, name, layout, len(arrays)), warning


def read_match(source: Path, name: str, wishes: Wishes) -> Match:
    """The named network out of a file, with what the file carries for another."""
    contents = read_file(source)
    match = recognise(str(source), contents, name, wishes)
    if "carried" in contents.about:
        match = replace(match, carried=Carried(**contents.about["carried"]))
    return match


def start_from(source: Path, plan: Plan) -> tuple[Arrays, str]:
    """The trunk of a file for a new network, and what it was in one line."""
    match = read_match(source, plan.network.name, Wishes(trunk_only=True))
    wanted = plan.trunk_arrays()
    wrong = [name for name, array in match.arrays.items() if wanted.get(name) != array.shape]
    if wrong:
        shapes = shape_text(match.arrays[wrong[0]].shape), shape_text(wanted[wrong[0]])
        raise DataError(f"{source}: {wrong[0]} is {shapes[0]}, where {shapes[1]} is wanted")
    new = f"a new classifier for {plan.network.classes} classes"
    heads = " and new heads" if plan.heads else ""
    parts = [f"the backbone from {match.layout.name}", *match.notes, new + heads]
    return match.arrays, f"{plan.network.name}: {', '.join(parts)}"


def choose_target(name: str, kind: str, asked: str | None) -> tuple[str, Published]:
    """The network and layout to write: the one asked for, or the kind of file's own.

    A layout in which only another dialect of the network is published means that dialect.
    """
    goal = name
    if asked:
        goal = dialect_with_layout(name, asked)
        [layout] = [each for each in layouts_for(goal, asked) if each.name == asked]
    elif kind in OWN:
        layout = OWN[kind]
    else:
        published = [layout for layout in layouts_for(name, None) if layout.kind == kind]
        if not published:
            called = {"checkpoint": "TensorFlow checkpoint", "caffe": "Caffe model"}
            raise UsageError(f"{name} is not published as a {called[kind]}")
        layout = published[0]
    # Elsewhere any names can stand; there they say where in the file an array lies.
    if (layout.kind == "hdf5") != (kind == "hdf5") or (kind == "caffe" != layout.kind):
        raise UsageError(f"the layout {layout.name} and a {kind} file do not go together")
    return goal, layout


def dialect_with_layout(name: str, asked: str) -> str:
    """The network itself, or the first dialect of the same table, that is published in a layout."""
    table = NETWORKS[name].table
    for other in (name, *(each for each in NETWORKS if NETWORKS[each].table is table)):
        if any(layout.name == asked for layout in layouts_for(other, None)):
            return other
    layouts_for(name, asked)
    raise AssertionError


def name_arrays(match: Match, layout: Published) -> Arrays:
    """Our arrays under the party's names, as they lie there, with what was carried along."""
    names = layout.names(match.plan)
    kept = {name: a for name, a in match.arrays.items() if not layout.may_omit(name, a)}
    for ours in kept:
        if ours not in names:
            raise UsageError(f"the layout {layout.name} has no place for {ours}")
    theirs = layout.outward(match.plan, kept)
    carried = match.carried.names if layout.kind != "hdf5" else {}
    own = {carried.get(key, key): array for key, array in theirs.items()}
    if len(own) != len(theirs):
        raise DataError("the names that the file carries along are given twice")
    scalars = match.carried.scalars.items()
    return own | {k: np.asarray(v) for k, v in scalars if re.fullmatch(layout.ignored, k)}


def find_places(plan: Plan, layout: Published) -> dict[str, str]:
    """Where Keras looks for each array, as Keras itself says; nothing for other kinds of file."""
    if layout.kind != "hdf5":
        return {}
    job = FindPlaces("tensorflow", plan.network.name, plan.network.aux, layout.name == "keras")
    return {name: str(place) for name, place in call(job).arrays.items()}


def report(match: Match, name: str, layout: Published, count: int) -> str:
    """What was converted, in one line."""
    spec = match.plan.network
    parts = [f"{spec.classes} classes" if spec.classes else "no classifier"]
    if spec.classes == 1001:
        parts.append("of which class 0 is the background")
    parts.append("with heads" if spec.aux else "without heads")
    parts += match.notes
    goal = f"{layout.name} as {spec.name}" if spec.name != name else layout.name
    return (
        f"{name} from {match.layout.name} to {goal}: {', '.join(parts)}; "
        f"{count} arrays written, read back and found the same bit for bit"
    )
