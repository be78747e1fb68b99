"""The weights file: every array of a plan under its own name, in one layout for all frameworks.

Convolution weights are (out, in, rows, columns), depthwise ones (channels x multiplier, 1, rows,
columns), linear weights (out, in); batch norm has `weight`, `bias`, `running_mean`, `running_var`.
All are float32. The file is safetensors; its metadata holds one key, `googlenet`, with JSON:
network, classes, aux, input, preprocess, format version, and, after a conversion, what else was
carried over.
"""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import spec
from common.arrays import Arrays
from common.errors import DataError
from common.files import safetensors_file
from common.files.atomic import atomic_file
from common.files.safetensors_file import FORMAT
from common.networks import network
from common.plan import Node, Plan
from common.planner import make_plan
from common.spec import NetworkSpec, Shape

TRUNK_ADVICE = (
    "; the backbone fits: `googlenet init --from` gives it a new classifier, "
    "load_weights(..., trunk_only=True) leaves the one that is there"
)


def write(path: Path, arrays: Mapping[str, NDArray], plan: Plan) -> None:
    """Writes the weights file, whole or not at all; raises DataError for what `load` refuses."""
    for name, array in arrays.items():
        if array.dtype.kind in "iub":
            raise DataError(f"{path}: {name} is {array.dtype}, but weights are floating-point")
    with np.errstate(over="ignore"):  # what is too large becomes infinity, and is refused as such
        single = {name: array.astype(np.float32) for name, array in arrays.items()}
    check_values(str(path), single)
    if faults := list_faults(*find_faults(single, plan.arrays())):
        raise DataError(f"{path}: the arrays are not those of {plan.network.name}: {faults}")
    with atomic_file(path) as temporary:
        temporary.write_bytes(safetensors_file.pack(single, describe(plan)))


def describe(plan: Plan) -> dict:
    """What a weights file says of itself."""
    made = plan.network
    about = {"network": made.name, "classes": made.classes, "aux": made.aux}
    about |= {"input": made.input, "preprocess": made.preprocess.name}
    return about | {"format": FORMAT}


def read(path: Path) -> tuple[Arrays, dict]:
    """The arrays of a weights file and its metadata; raises DataError for anything unsound.

    float16 and bfloat16 are widened, which changes no value.
    """
    try:
        contents = safetensors_file.read(path)
    except DataError as error:
        hint = "" if path.suffix == ".safetensors" else "; `googlenet convert` reads other kinds"
        raise DataError(f"{error}{hint}") from None
    arrays = {
        name: array.astype(np.float32) if array.dtype == np.float16 else array
        for name, array in contents.groups[""].items()
    }
    check_values(str(path), arrays)
    return arrays, contents.about


def load(path: Path, plan: Plan, trunk_only: bool = False) -> Arrays:
    """The plan's arrays out of a weights file, or its trunk's; raises DataError unless all fit."""
    arrays, about = read(path)
    return fit(str(path), arrays, about, plan, trunk_only)


def read_network(path: Path, name: str, aux: bool = False) -> tuple[Plan, Arrays]:
    """The named network as a weights file has it: its size, channels and classes, its arrays."""
    arrays, about = read(path)
    made = network(name)
    input = about.get("input", made.input)
    channels = count_channels(arrays, made) or input[0]
    classes = count_classes(str(path), arrays, made)
    plan = make_plan(network(name, (channels, *input[1:]), classes, aux))
    return plan, fit(str(path), arrays, about, plan)


def check_values(source: str, arrays: Mapping[str, NDArray]) -> None:
    """Raises DataError unless all are float32 and finite, and no variance is negative."""
    for name, array in arrays.items():
        if array.dtype != np.float32:
            raise DataError(
                f"{source}: {name} is {array.dtype}, but weights are float32; save them as that, "
                "or have `googlenet convert` do it"
            )
        if not np.isfinite(array).all():
            raise DataError(f"{source}: {name} holds NaN or infinity")
        if name.endswith(".running_var") and (array < 0).any():
            raise DataError(f"{source}: {name} holds a negative variance")


def find_faults(
    arrays: Mapping[str, NDArray], wanted: Mapping[str, Shape], optional: Collection[str] = ()
) -> tuple[list[str], list[str], list[str]]:
    """Names that are missing, names that are unknown, and arrays of another shape, in words.

    An unknown array is no fault where the first part of its name is `optional`.
    """
    missing = [name for name in wanted if name not in arrays]
    unknown = [n for n in arrays if n not in wanted and n.split(".")[0] not in optional]
    misshapen = [
        f"{name} is {arrays[name].shape} and not {shape}"
        for name, shape in wanted.items()
        if name in arrays and arrays[name].shape != shape
    ]
    return missing, unknown, misshapen


def list_faults(missing: list[str], unknown: list[str], misshapen: list[str]) -> str:
    """What does not fit, in words: how many of each kind, and the first; "" if all fits."""
    kinds = {"missing": missing, "unknown": unknown, "of another shape": misshapen}
    return "; ".join(
        f"{len(names)} {kind}, first {names[0]}" for kind, names in kinds.items() if names
    )


def count_classes(source: str, arrays: Mapping[str, NDArray], made: NetworkSpec) -> int:
    """How many classes weights of this network are for; 0 where they have no classifier."""
    weight = arrays.get(f"{made.classifier}.weight")
    if weight is None:
        return 0
    if weight.ndim < 1:
        raise DataError(f"{source}: {made.classifier}.weight is a single number")
    return len(weight)


def count_channels(arrays: Mapping[str, NDArray], made: NetworkSpec) -> int | None:
    """How many channels weights of this network take; None where its first convolution is not."""
    first = first_convolution(made.name)
    weight = arrays.get(f"{first.path}.weight")
    if weight is None or weight.ndim != 4:
        return None
    match first.word:
        case spec.DepthwiseConv(multiplier=multiplier):
            return len(weight) // multiplier
    return int(weight.shape[1])


@cache
def first_convolution(name: str) -> Node:
    """The first convolution of a network, as published."""
    convolutions = (spec.Conv, spec.DepthwiseConv)
    nodes = make_plan(network(name)).nodes()
    return next(node for node in nodes if isinstance(node.word, convolutions))


def fit(
    source: str, arrays: Arrays, about: Mapping, plan: Plan, trunk_only: bool = False
) -> Arrays:
    """The plan's arrays out of `arrays`, in the plan's order; raises DataError unless all fit.

    Heads that the file has and the plan does not are left out; with `trunk_only` so are all heads
    and the classifier. `about` is the file's metadata.
    """
    if about.get("network", plan.network.name) != plan.network.name:
        raise DataError(f"{source}: weights of {about['network']}, not of {plan.network.name}")
    wanted = plan.trunk_arrays() if trunk_only else plan.arrays()
    optional = (*plan.network.heads, *([plan.network.classifier] if trunk_only else []))
    kinds = find_faults(arrays, wanted, optional)
    if faults := list_faults(*kinds):
        line = f"{source}: these are not weights of {plan.network.name}: {faults}"
        ending = all(plan.is_ending(fault.split(" ")[0]) for kind in kinds for fault in kind)
        raise DataError(line + (TRUNK_ADVICE if ending else ""))
    return {name: np.ascontiguousarray(arrays[name]) for name in wanted}
