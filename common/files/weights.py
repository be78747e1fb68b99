"""The weights file: every array of a plan under its own name, in one format for all frameworks.

Convolution weights are (out, in, rows, columns), depthwise ones (channels x multiplier, 1, rows,
columns), linear weights (out, in); batch norm has `bias`, `running_mean`, `running_var` and, if
it has a scale, `weight`. All are float32. The file is safetensors; its metadata has one key,
`googlenet`, with JSON: network, classes, aux, input, preprocess, the names of the classes if known,
the format version and, after a conversion, the counters and array names of the source file.
"""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import DataError
from common.files import safetensors_file
from common.files.atomic import atomic_file
from common.files.safetensors_file import FORMAT
from common.networks import network
from common.spec import Conv, DepthwiseConv, NetworkSpec, Shape
from common.spec.plan import Node, Plan
from common.spec.planner import make_plan

DATA = ("class_names", "background")  # of the training images
BACKBONE_ADVICE = (
    "; the backbone matches: `googlenet init --from` adds a new classifier, "
    "load_weights(..., backbone_only=True) keeps the existing one"
)


def write(
    path: Path, arrays: Mapping[str, NDArray], plan: Plan, data: Mapping[str, Any] | None = None
) -> None:
    """Writes the weights file atomically; raises DataError for anything that `load` refuses.

    `data` describes the training images: see `file_metadata`.
    """
    for name, array in arrays.items():
        if array.dtype.kind in "iub":
            raise DataError(f"{path}: {name} is {array.dtype}, but weights must be floating-point")
    with np.errstate(over="ignore"):  # values too large become infinity, which is refused
        single = {name: array.astype(np.float32) for name, array in arrays.items()}
    check_values(str(path), single)
    if faults := list_faults(*find_faults(single, plan.array_shapes())):
        raise DataError(f"{path}: the arrays are not those of {plan.spec.name}: {faults}")
    with atomic_file(path) as temporary:
        temporary.write_bytes(safetensors_file.pack(single, file_metadata(plan, data)))


def file_metadata(plan: Plan, data: Mapping[str, Any] | None = None) -> dict:
    """The metadata of a plan's weights file.

    `data` adds what is known about the training images: `class_names`, if there is one for each
    class, and `background`, which is "dark" or "light".
    """
    spec = plan.spec
    about = {"network": spec.name, "classes": spec.classes, "aux": spec.aux}
    about |= {"input": spec.input, "preprocess": spec.preprocess.name}
    known = dict(data or {})
    if len(known.get("class_names", ())) != spec.classes:
        known.pop("class_names", None)
    about |= {name: known[name] for name in DATA if known.get(name)}
    return about | {"format": FORMAT}


def read(path: Path) -> tuple[Arrays, dict]:
    """The arrays of a weights file and its metadata; raises DataError for anything invalid.

    float16 and bfloat16 are widened to float32, which changes no value.
    """
    try:
        contents = safetensors_file.read(path)
    except DataError as error:
        hint = "" if path.suffix == ".safetensors" else "; `googlenet convert` reads other formats"
        raise DataError(f"{error}{hint}") from None
    arrays = {
        name: array.astype(np.float32) if array.dtype == np.float16 else array
        for name, array in contents.groups[""].items()
    }
    check_values(str(path), arrays)
    return arrays, contents.about


def load(path: Path, plan: Plan, backbone_only: bool = False) -> Arrays:
    """The arrays of a plan or its backbone from a file; raises DataError unless all fit."""
    arrays, about = read(path)
    return fit_arrays(str(path), arrays, about, plan, backbone_only)


def read_network(path: Path, name: str, aux: bool = False) -> tuple[Plan, Arrays]:
    """The plan for the input size, channels and classes of a weights file, and its arrays."""
    arrays, about = read(path)
    spec = network(name)
    input = about.get("input", spec.input)
    channels = count_channels(arrays, spec) or input[0]
    classes = count_classes(str(path), arrays, spec)
    plan = make_plan(network(name, (channels, *input[1:]), classes, aux))
    return plan, fit_arrays(str(path), arrays, about, plan)


def check_values(source: str, arrays: Mapping[str, NDArray]) -> None:
    """Raises DataError unless all arrays are float32 and finite and no variance is negative."""
    for name, array in arrays.items():
        if array.dtype != np.float32:
            raise DataError(
                f"{source}: {name} is {array.dtype}, but weights are float32; save as float32, "
                "or use `googlenet convert`"
            )
        if not np.isfinite(array).all():
            raise DataError(f"{source}: {name} contains NaN or infinity")
        if name.endswith(".running_var") and (array < 0).any():
            raise DataError(f"{source}: {name} contains a negative variance")


def find_faults(
    arrays: Mapping[str, NDArray], wanted: Mapping[str, Shape], optional: Collection[str] = ()
) -> tuple[list[str], list[str], list[str]]:
    """Missing names, unknown names, and descriptions of arrays with a different shape.

    An unknown array is not a fault if the first part of its name is in `optional`.
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
    """The faults as text: the number of each kind and the first one; "" if there are none."""
    kinds = {"missing": missing, "unknown": unknown, "with a wrong shape": misshapen}
    return "; ".join(
        f"{len(names)} {kind}, first {names[0]}" for kind, names in kinds.items() if names
    )


def count_classes(source: str, arrays: Mapping[str, NDArray], spec: NetworkSpec) -> int:
    """The number of classes in a network's weights; 0 if they have no classifier."""
    weight = arrays.get(f"{spec.classifier}.weight")
    if weight is None:
        return 0
    if weight.ndim < 1:
        raise DataError(f"{source}: {spec.classifier}.weight is a single number")
    return len(weight)


def count_channels(arrays: Mapping[str, NDArray], spec: NetworkSpec) -> int | None:
    """The number of input channels; None if the first convolution is absent."""
    first = first_convolution(spec.name)
    weight = arrays.get(f"{first.path}.weight")
    if weight is None or weight.ndim != 4:
        return None
    match first.layer:
        case DepthwiseConv(multiplier=multiplier):
            return len(weight) // multiplier
    return int(weight.shape[1])


@cache
def first_convolution(name: str) -> Node:
    """The first convolution of a network, as published."""
    convolutions = (Conv, DepthwiseConv)
    nodes = make_plan(network(name)).nodes()
    return next(node for node in nodes if isinstance(node.layer, convolutions))


def fit_arrays(
    source: str, arrays: Arrays, about: Mapping, plan: Plan, backbone_only: bool = False
) -> Arrays:
    """The plan's arrays from `arrays`, in the plan's order; raises DataError unless all fit.

    Heads and layers that the file has and the plan omits are left out; with `backbone_only`, so are
    all heads and the classifier. `about` is the file's metadata.
    """
    if about.get("network", plan.spec.name) != plan.spec.name:
        raise DataError(f"{source}: weights of {about['network']}, not of {plan.spec.name}")
    wanted = plan.backbone_shapes() if backbone_only else plan.array_shapes()
    replaced = [plan.spec.classifier] if backbone_only else []
    optional = (*plan.spec.heads, *plan.spec.omitted, *replaced)
    kinds = find_faults(arrays, wanted, optional)
    if faults := list_faults(*kinds):
        line = f"{source}: these weights do not match {plan.spec.name}: {faults}"
        ending = all(
            plan.is_classifier_or_head(fault.split(" ")[0]) for kind in kinds for fault in kind
        )
        raise DataError(line + (BACKBONE_ADVICE if ending else ""))
    return {name: np.ascontiguousarray(arrays[name]) for name in wanted}
