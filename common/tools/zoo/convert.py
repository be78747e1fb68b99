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
from common.tools.zoo.recognise import formats_for, recognise
from common.tools.zoo.write_file import file_kind, write_file

OWN = {format.kind: format for format in NATIVE}


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
    formats_for(name, options.format)  # rejects an unknown name before any file is read
    kind, warning = file_kind(target), ""
    goal, format = choose_target(name, kind, asked_to)
    match = read_match(source, name, options)
    if without_background:
        match = drop_background(match)
    if goal != name:
        match, warning = as_variant(match, goal)
    arrays = name_arrays(match, format)
    about = weights.file_metadata(match.plan) | dict(match.recorded)
    if match.carried != Carried():
        about["carried"] = vars(match.carried)
    write_file(target, arrays, about, keras_locations(match.plan, format))
    return report(match, name, format, len(arrays)), warning


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
    parts = [f"the backbone from {match.format.name}", *match.notes, *notes, new + heads]
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
        goal = variant_with_format(name, asked)
        [format] = [each for each in formats_for(goal, asked) if each.name == asked]
    elif kind in OWN:
        format = OWN[kind]
    else:
        published = [format for format in formats_for(name, None) if format.kind == kind]
        if not published:
            called = {"checkpoint": "TensorFlow checkpoint", "caffe": "Caffe model"}
            raise UsageError(f"{name} is not published as a {called[kind]}")
        format = published[0]
    # In Keras' and Caffe's files, an array's name says where it is stored.
    if (format.kind == "hdf5") != (kind == "hdf5") or (kind == "caffe" != format.kind):
        raise UsageError(f"the format {format.name} and a {kind} file cannot be combined")
    return goal, format


def variant_with_format(name: str, asked: str) -> str:
    """The network, or else the first variant of the same base network, that has a format."""
    table = NETWORKS[name].base
    for other in (name, *(each for each in NETWORKS if NETWORKS[each].base is table)):
        if any(format.name == asked for format in formats_for(other, None)):
            return other
    formats_for(name, asked)
    raise AssertionError


def name_arrays(match: Match, format: CheckpointFormat) -> Arrays:
    """Our arrays in the format's names and axis order, and what the conversion carries over."""
    names = format.names(match.plan)
    kept = {name: a for name, a in match.arrays.items() if not format.may_omit(name, a)}
    for ours in kept:
        if ours not in names:
            raise UsageError(f"the format {format.name} has no name for {ours}")
    theirs = format.to_layout(match.plan, kept)
    carried = match.carried.names if format.kind != "hdf5" else {}
    own = {carried.get(key, key): array for key, array in theirs.items()}
    if len(own) != len(theirs):
        raise DataError("two arrays of the file have the same name in the format")
    scalars = match.carried.scalars.items()
    return own | {k: np.asarray(v) for k, v in scalars if re.fullmatch(format.ignored, k)}


def keras_locations(plan: Plan, format: CheckpointFormat) -> dict[str, str]:
    """The location of each array in Keras' file, as Keras reports it; empty for other types."""
    if format.kind != "hdf5":
        return {}
    job = FindLocations(
        framework="tensorflow",
        network=plan.spec.name,
        aux=plan.spec.aux,
        published=format.name == "keras",
    )
    return {name: str(location) for name, location in call(job).arrays.items()}


def report(match: Match, name: str, format: CheckpointFormat, count: int) -> str:
    """A one-line report on what was converted."""
    spec = match.plan.spec
    parts = [f"{spec.classes} classes" if spec.classes else "no classifier"]
    if spec.classes == 1001:
        parts.append("with class 0 as the background")
    parts.append("with heads" if spec.aux else "without heads")
    parts += match.notes
    goal = f"{format.name} as {spec.name}" if spec.name != name else format.name
    return (
        f"{name} from {match.format.name} to {goal}: {', '.join(parts)}; "
        f"{count} arrays written and verified bit for bit"
    )
