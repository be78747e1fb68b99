"""Safetensors files as bytes: arrays by name, and the file's metadata in one JSON key."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from common.arrays import widen_bfloat16
from common.errors import DataError
from common.files.budget import LARGEST, LONGEST_NAME, MAX_ARRAYS, Budget, check_name, check_shape
from common.files.contents import Contents
from common.files.regular_file import read_regular
from common.spec.preprocess import PREPROCESSES

FORMAT = 1
LONGEST_HEADER = MAX_ARRAYS * LONGEST_NAME
LARGEST_INPUT = LARGEST // 4  # values of an image, which takes no more memory than LARGEST
DTYPES = {"F64": "f8", "F32": "f4", "F16": "f2", "BF16": "u2", "BOOL": "?"}
DTYPES |= {f"{kind}{8 * size}": f"{kind.lower()}{size}" for kind in "IU" for size in (1, 2, 4, 8)}


def pack(arrays: Mapping[str, NDArray], about: Mapping) -> bytes:
    """The bytes of a file with the arrays, each in its own type, and their metadata."""
    # `save` copies the memory as is: a transposed view must be made contiguous first.
    ordered = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    return save(ordered, {"googlenet": json.dumps(about)})


def read(path: Path) -> Contents:
    """The arrays in a file and its metadata; raises DataError for anything invalid."""
    content = read_regular(path)
    about = metadata(path, content)
    try:
        tensors = dict(deserialize(content))  # type: ignore[no-untyped-call]
        Budget(len(content)).take_arrays(len(tensors))
        arrays = {check_name(name): tensor_array(name, tensor) for name, tensor in tensors.items()}
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except (SafetensorError, ValueError, TypeError) as error:
        raise DataError(f"{path}: not a valid safetensors file ({error})") from None
    narrow = any(tensor["dtype"] == "BF16" for tensor in tensors.values())
    return Contents({"": arrays}, about, ["bfloat16 widened to float32"] if narrow else [])


def tensor_array(name: str, tensor: Mapping) -> NDArray:
    """One tensor as an array; bfloat16, which NumPy lacks, becomes float32."""
    kind, shape = tensor["dtype"], tensor["shape"]
    if kind not in DTYPES:
        raise DataError(f"{name} is {kind}, which NumPy lacks; save it as float32")
    flat = np.frombuffer(tensor["data"], f"<{DTYPES[kind]}")
    array = flat.reshape(check_shape(shape, len(flat)))
    return widen_bfloat16(array) if kind == "BF16" else array


def metadata(path: Path, content: bytes) -> dict:
    """The file's metadata; {} if it has none, as in published files."""
    length = int.from_bytes(content[:8], "little")
    if length > LONGEST_HEADER:
        raise DataError(
            f"{path}: not a safetensors file (its header would be {length:,} bytes long)"
        )
    try:
        header = json.loads(content[8 : 8 + length], object_pairs_hook=without_duplicates)
        text = header.get("__metadata__", {}).get("googlenet", "{}")
        return check_metadata(json.loads(text))
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: not a safetensors file ({error})") from None


def check_metadata(about: object) -> dict:
    """The metadata of a file that this project wrote; raises DataError if a value is invalid."""
    if not isinstance(about, dict) or about.get("format", FORMAT) != FORMAT:
        raise DataError("unsupported format version")
    for key, sound in SOUND.items():
        if key in about and not sound(about[key]):
            raise DataError(f"its metadata has an invalid value for {key!r}")
    return about


def is_size(size: object) -> bool:
    """Whether a value is an input shape C x H x W that a network and an image could have."""
    return (
        isinstance(size, list)
        and len(size) == 3
        and all(type(n) is int and n > 0 for n in size)
        and prod(size) <= LARGEST_INPUT
    )


def is_carried(carried: object) -> bool:
    """Whether a value is valid as `carried`: the counters and names that a conversion keeps."""
    if not isinstance(carried, dict) or carried.keys() - {"scalars", "names"}:
        return False
    scalars, names = carried.get("scalars", {}), carried.get("names", {})
    return (
        isinstance(scalars, dict)
        and isinstance(names, dict)
        and all(type(value) in (int, float) and abs(value) < 2**63 for value in scalars.values())
        and all(isinstance(value, str) and value.isprintable() for value in names.values())
    )


# The metadata keys of our files, each with the check of its value.
SOUND: dict[str, Callable[[Any], bool]] = {
    "network": lambda name: isinstance(name, str),
    "classes": lambda count: type(count) is int and count >= 0,
    "aux": lambda aux: isinstance(aux, bool),
    "input": is_size,
    "preprocess": lambda name: isinstance(name, str) and name in PREPROCESSES,
    "carried": is_carried,
    "background": lambda name: name in ("dark", "light"),
    "class_names": lambda names: isinstance(names, list) and all(map(is_name, names)),
}


def is_name(name: object) -> bool:
    """Whether a value can be the name of a class."""
    return isinstance(name, str) and len(name) <= LONGEST_NAME


def without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object as a dict; raises ValueError if a name appears twice."""
    unique = dict(pairs)
    if len(unique) < len(pairs):
        [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the name {name!r} appears twice")
    return unique
