"""The weights file: every array of a plan under its own name, in one layout for all frameworks.

Convolution weights are (out, in, rows, columns), depthwise ones (channels x multiplier, 1, rows,
columns), linear weights (out, in); batch norm has `weight`, `bias`, `running_mean`, `running_var`.
All are float32. The file is safetensors; its metadata holds one key, `googlenet`, with JSON:
network, classes, aux, input, format version, and, after a conversion, what else was carried over.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.files import safetensors_file
from common.files.atomic import written_whole
from common.files.safetensors_file import FORMAT
from common.plan import Plan
from common.spec import Network

Arrays = dict[str, NDArray[np.float32]]


def write(path: Path, arrays: Mapping[str, NDArray], plan: Plan) -> None:
    """Writes the weights file, whole or not at all."""
    single = {name: array.astype(np.float32) for name, array in arrays.items()}
    with written_whole(path) as temporary:
        temporary.write_bytes(safetensors_file.packed(single, described(plan)))


def described(plan: Plan) -> dict:
    """What a weights file says of itself."""
    network = plan.network
    about = {"network": network.name, "classes": network.classes, "aux": network.aux}
    return about | {"input": network.input, "format": FORMAT}


def read(path: Path) -> tuple[Arrays, dict]:
    """The arrays of a weights file and its metadata; raises DataError for anything unsound."""
    try:
        arrays, about = safetensors_file.read(path)
    except DataError as error:
        hint = "" if path.suffix == ".safetensors" else "; `googlenet convert` reads other kinds"
        raise DataError(f"{error}{hint}") from None
    check_values(str(path), arrays)
    return arrays, about


def check_values(source: str, arrays: Mapping[str, NDArray]) -> None:
    """Raises DataError unless all are float32 and finite, and no variance is negative."""
    for name, array in arrays.items():
        if array.dtype != np.float32:
            raise DataError(
                f"{source}: {name} is {array.dtype}, but weights are float32; save them as that"
            )
        if not np.isfinite(array).all():
            raise DataError(f"{source}: {name} holds NaN or infinity")
        if name.endswith(".running_var") and (array < 0).any():
            raise DataError(f"{source}: {name} holds a negative variance")


def faults(missing: list[str], unknown: list[str], misshapen: list[str]) -> str:
    """What does not fit, in words: how many of each kind, and the first; "" if all fits."""
    kinds = {"missing": missing, "unknown": unknown, "of another shape": misshapen}
    return "; ".join(
        f"{len(names)} {kind}, first {names[0]}" for kind, names in kinds.items() if names
    )


def classes_in(source: str, arrays: Mapping[str, NDArray], network: Network) -> int:
    """How many classes weights of this network are for; 0 where they have no classifier."""
    weight = arrays.get(f"{network.classifier}.weight")
    if weight is None:
        return 0
    if weight.ndim < 1:
        raise DataError(f"{source}: {network.classifier}.weight is a single number")
    return len(weight)


def fit(source: str, arrays: Mapping[str, NDArray], about: Mapping, plan: Plan) -> Arrays:
    """The plan's arrays out of `arrays`, in the plan's order; raises DataError unless all fit.

    Heads that the file has and the plan does not are left out. `about` is the file's metadata.
    """
    if about.get("network", plan.network.name) != plan.network.name:
        raise DataError(f"{source}: weights of {about['network']}, not of {plan.network.name}")
    wanted = plan.arrays()
    heads = tuple(f"{name}." for name in plan.network.heads)
    missing = [name for name in wanted if name not in arrays]
    extra = [name for name in arrays if name not in wanted and not name.startswith(heads)]
    misshapen = [
        f"{name} is {arrays[name].shape} and not {shape}"
        for name, shape in wanted.items()
        if name in arrays and arrays[name].shape != shape
    ]
    if told := faults(missing, extra, misshapen):
        raise DataError(f"{source}: these are not weights of {plan.network.name}: {told}")
    return {name: np.ascontiguousarray(arrays[name]) for name in wanted}
