"""Weights: names and shapes from the plan, seeded values from NumPy, and the safetensors file.

Conv weights are (out, in, rows, columns), linear weights (out, in); batch norm has `weight`,
`bias`, `running_mean`, `running_var`. All are float32. The file's metadata holds one key,
`googlenet`, with JSON: network, classes, aux, format version.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from math import prod, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from common.errors import DataError
from common.shapes import Plan
from common.spec import Init, Network, Shape

FORMAT = 1
Arrays = dict[str, NDArray[np.float32]]


def initial(plan: Plan, seed: int, random_stats: bool = False) -> Arrays:
    """Seeded initial values as the network's `init` says; biases 0, batch norm the identity.

    Each parameter draws from a stream of its own, named by the seed and its name, so a network
    has the same trunk with and without heads. `random_stats` draws what would start as a
    constant too, so that no parameter can be ignored unseen.
    """
    arrays = {}
    for name, shape in plan.arrays().items():
        stream = np.random.default_rng([seed, zlib.crc32(name.encode())])
        if len(shape) > 1:
            arrays[name] = draw(shape, stream, plan.network.init)
        else:
            arrays[name] = start(name, shape, stream, random_stats)
    return arrays


def draw(shape: Shape, stream: np.random.Generator, init: Init) -> NDArray[np.float32]:
    """The initial values of convolution or linear weights."""
    fan_out, fan_in = shape[0] * prod(shape[2:]), prod(shape[1:])
    match init:
        case Init.FAN_OUT:
            deviation = sqrt(2 / fan_out) if len(shape) == 4 else 0.01
            values = deviation * stream.standard_normal(shape)
        case Init.FAN_IN:
            values = sqrt(2 / fan_in) * stream.standard_normal(shape)
        case Init.XAVIER:
            values = sqrt(6 / (fan_in + fan_out)) * stream.uniform(-1, 1, shape)
        case Init.TRUNCATED:
            values = stream.standard_normal(shape)
            while (far := np.abs(values) > 2).any():
                values[far] = stream.standard_normal(far.sum())
            values *= 0.01
    return values.astype(np.float32)


def start(
    name: str, shape: Shape, stream: np.random.Generator, random: bool
) -> NDArray[np.float32]:
    """The initial values of biases and of batch norm: constants, or drawn around them."""
    constant = 1 if name.endswith((".weight", ".running_var")) else 0
    # Uniform, so that no variance can come out negative.
    spread = stream.uniform(-0.3, 0.3, shape) if random else np.zeros(shape)
    return (constant + spread).astype(np.float32)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name only once written and on the disk."""
    path = path.resolve()
    temporary = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        if not path.name or (path.exists() and not path.is_file()):
            raise DataError(f"{path}: cannot be written, since it is no ordinary file")
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write(path: Path, arrays: Mapping[str, NDArray], plan: Plan) -> None:
    """Writes the weights file, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_bytes(packed(arrays, described(plan)))


def described(plan: Plan) -> dict:
    """What a weights file says of itself."""
    network = plan.network
    about = {"network": network.name, "classes": network.classes, "aux": network.aux}
    return about | {"input": network.input, "format": FORMAT}


def packed(arrays: Mapping[str, NDArray], about: Mapping) -> bytes:
    """A safetensors file as bytes."""
    # It takes the memory as it lies: a transposed view must be made contiguous first.
    whole = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    return save(whole, {"googlenet": json.dumps(about)})


def read(path: Path) -> tuple[Arrays, dict]:
    """The arrays of a weights file and its metadata; raises DataError for anything unsound."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    about = metadata(path, content)
    try:
        arrays = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not a sound safetensors file ({error})") from None
    check_values(str(path), arrays)
    return arrays, about


def check_values(source: str, arrays: Mapping[str, NDArray]) -> None:
    """Raises DataError unless all are float32 and finite."""
    for name, array in arrays.items():
        if array.dtype != np.float32:
            raise DataError(f"{source}: {name} is {array.dtype}, but weights are float32")
        if not np.isfinite(array).all():
            raise DataError(f"{source}: {name} holds NaN or infinity")


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


def metadata(path: Path, content: bytes) -> dict:
    """What the file says of itself; {} where it does not, as in published files."""
    length = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + length], object_pairs_hook=without_duplicates)
        about = json.loads(header.get("__metadata__", {}).get("googlenet", "{}"))
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: not a safetensors file ({error})") from None
    if not isinstance(about, dict) or about.get("format", FORMAT) != FORMAT:
        raise DataError(f"{path}: written in a format this version does not know ({about})")
    if not sound(about):
        raise DataError(f"{path}: what it says of itself makes no sense")
    return about


def sound(about: Mapping) -> bool:
    """Whether a file's metadata has the types that ours have."""
    size, carried = about.get("input", [1, 1, 1]), about.get("carried", {})
    if not isinstance(size, list) or len(size) != 3 or not isinstance(carried, dict):
        return False
    if carried.keys() - {"scalars", "names"} or any(type(n) is not int or n < 1 for n in size):
        return False
    scalars, names = carried.get("scalars", {}), carried.get("names", {})
    return (
        isinstance(scalars, dict)
        and isinstance(names, dict)
        and all(isinstance(value, int | float) for value in scalars.values())
        and all(isinstance(value, str) for value in names.values())
    )


def without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object as a dict, refusing a name that stands in it twice."""
    names = [name for name, _ in pairs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"the name {repeated[0]!r} stands there twice")
    return dict(pairs)


def fit(source: str, arrays: Mapping[str, NDArray], about: Mapping, plan: Plan) -> Arrays:
    """The plan's parameters out of `arrays`, in the plan's order; raises DataError unless all fit.

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
