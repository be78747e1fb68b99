"""Converts between published checkpoints and native files, and reads every written file back."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from common.arrays import Arrays
from common.errors import DataError, UsageError
from common.files import weights
from common.jobs.call import call
from common.networks import NETWORKS
from common.spec import Conv, shape_text
from common.spec.plan import Plan
from common.tools.zoo.adapt import as_variant, drop_background
from common.tools.zoo.file_jobs import FindLocations
from common.tools.zoo.formats import NATIVE, CheckpointFormat
from common.tools.zoo.match import Carried, Match, ReadOptions
from common.tools.zoo.read_file import read_file
from common.tools.zoo.recognise import layouts_for, recognise
from common.tools.zoo.write_file import kind_of, write_file

OWN = {layout.kind: layout for layout in NATIVE}


def convert(
    source: Path,
    target: Path,
    name: str,
    options: ReadOptions = ReadOptions(),  # noqa: B008 - it cannot be changed
    asked_to: str | None = None,
    without_background: bool = False,
) -> tuple[str, str]:
    """Reads a file as the named network and writes it in a different checkpoint format.

    If only a variant of the network is published in the format, the file is written for that
    variant, and the warning says what differs. Returns a one-line report and a one-line warning,
    which may be empty. Raises UsageError for a format in which no variant is published, DataError
    for a file that is not the network, and CheckFailed if the written file does not hold the same
    arrays, bit for bit.
    """
    layouts_for(name, options.layout)  # rejects an unknown name before any file is read
    kind, warning = kind_of(target), ""
    goal, layout = choose_target(name, kind, asked_to)
    match = read_match(source, name, options)
    if without_background:
        match = drop_background(match)
    if goal != name:
        match, warning = as_variant(match, goal)
    arrays = name_arrays(match, layout)
    about = weights.describe(match.plan) | dict(match.recorded)
    if match.carried != Carried():
        about["carried"] = vars(match.carried)
    write_file(target, arrays, about, find_locations(match.plan, layout))
    return report(match, name, layout, len(arrays)), warning


def read_match(source: Path, name: str, options: ReadOptions) -> Match:
    """The named network from a file, with its metadata and what an earlier conversion kept."""
    contents = read_file(source)
    match = recognise(str(source), contents, name, options)
    about = contents.about
    kept = {key: about[key] for key in ("preprocess", "background") if key in about}
    names = about.get("class_names", [])
    kept |= {"class_names": names} if len(names) == match.plan.spec.classes != 0 else {}
    if tuple(about.get("input", ())) == match.plan.spec.input:
        kept["input"] = match.plan.spec.input
    match = replace(match, recorded={**match.recorded, **kept})
    if "carried" in contents.about:
        match = replace(match, carried=Carried(**contents.about["carried"]))
    return match


def start_from(source: Path, plan: Plan) -> tuple[Arrays, str]:
    """The backbone from a file for a new network, and a one-line report."""
    match = read_match(source, plan.spec.name, ReadOptions(backbone_only=True))
    wanted = plan.backbone_shapes()
    arrays, notes = fit_channels(match.arrays, plan)
    wrong = [name for name, array in arrays.items() if wanted.get(name) != array.shape]
    if wrong:
        shapes = shape_text(arrays[wrong[0]].shape), shape_text(wanted[wrong[0]])
        raise DataError(f"{source}: {wrong[0]} has shape {shapes[0]}; expected {shapes[1]}")
    new = f"a new classifier for {plan.spec.classes} classes"
    heads = " and new heads" if plan.heads else ""
    parts = [f"the backbone from {match.layout.name}", *match.notes, *notes, new + heads]
    return arrays, f"{plan.spec.name}: {', '.join(parts)}"


def fit_channels(arrays: Arrays, plan: Plan) -> tuple[Arrays, list[str]]:
    """The arrays with the first kernels for the plan's number of input channels, and a note.

    Every channel gets the kernels' sum over the channels, divided by the new number of channels: if
    all channels of an image are equal, the response stays the same.
    """
    first = next(node for node in plan.nodes() if isinstance(node.layer, Conv))
    name, count = f"{first.path}.weight", plan.spec.input[0]
    is_input = first.input[0] == count  # not so where a depthwise convolution comes first
    if not is_input or name not in arrays or arrays[name].shape[1] == count:
        return arrays, []
    kernels = arrays[name].sum(axis=1, keepdims=True) / count
    note = f"{name} summed over its {arrays[name].shape[1]} channels"
    note += f" and divided among {count}" if count > 1 else ""
    return arrays | {name: kernels.repeat(count, axis=1).astype(np.float32)}, [note]


def choose_target(name: str, kind: str, asked: str | None) -> tuple[str, CheckpointFormat]:
    """The network and the format to write: the requested one, or the default of the file type.

    If the network is not published in the format but a variant of it is, the variant is returned.
    """
    goal = name
    if asked:
        goal = variant_with_layout(name, asked)
        [layout] = [each for each in layouts_for(goal, asked) if each.name == asked]
    elif kind in OWN:
        layout = OWN[kind]
    else:
        published = [layout for layout in layouts_for(name, None) if layout.kind == kind]
        if not published:
            called = {"checkpoint": "TensorFlow checkpoint", "caffe": "Caffe model"}
            raise UsageError(f"{name} is not published as a {called[kind]}")
        layout = published[0]
    # In Keras' and Caffe's files, an array's name says where it is stored.
    if (layout.kind == "hdf5") != (kind == "hdf5") or (kind == "caffe" != layout.kind):
        raise UsageError(f"the format {layout.name} and a {kind} file cannot be combined")
    return goal, layout


def variant_with_layout(name: str, asked: str) -> str:
    """The network, or else the first variant of the same base network, that has a format."""
    table = NETWORKS[name].base
    for other in (name, *(each for each in NETWORKS if NETWORKS[each].base is table)):
        if any(layout.name == asked for layout in layouts_for(other, None)):
            return other
    layouts_for(name, asked)
    raise AssertionError


def name_arrays(match: Match, layout: CheckpointFormat) -> Arrays:
    """Our arrays in the format's names and axis order, and what the conversion carries over."""
    names = layout.names(match.plan)
    kept = {name: a for name, a in match.arrays.items() if not layout.may_omit(name, a)}
    for ours in kept:
        if ours not in names:
            raise UsageError(f"the format {layout.name} has no name for {ours}")
    theirs = layout.to_layout(match.plan, kept)
    carried = match.carried.names if layout.kind != "hdf5" else {}
    own = {carried.get(key, key): array for key, array in theirs.items()}
    if len(own) != len(theirs):
        raise DataError("two arrays of the file have the same name in the format")
    scalars = match.carried.scalars.items()
    return own | {k: np.asarray(v) for k, v in scalars if re.fullmatch(layout.ignored, k)}


def find_locations(plan: Plan, layout: CheckpointFormat) -> dict[str, str]:
    """The location of each array in Keras' file, as Keras reports it; empty for other types."""
    if layout.kind != "hdf5":
        return {}
    job = FindLocations(
        framework="tensorflow",
        network=plan.spec.name,
        aux=plan.spec.aux,
        published=layout.name == "keras",
    )
    return {name: str(location) for name, location in call(job).arrays.items()}


def report(match: Match, name: str, layout: CheckpointFormat, count: int) -> str:
    """A one-line report on what was converted."""
    spec = match.plan.spec
    parts = [f"{spec.classes} classes" if spec.classes else "no classifier"]
    if spec.classes == 1001:
        parts.append("with class 0 as the background")
    parts.append("with heads" if spec.aux else "without heads")
    parts += match.notes
    goal = f"{layout.name} as {spec.name}" if spec.name != name else layout.name
    return (
        f"{name} from {match.layout.name} to {goal}: {', '.join(parts)}; "
        f"{count} arrays written and verified bit for bit"
    )
