"""Safetensors files as bytes: arrays by name, and what the file says of itself in one JSON key."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from common.arrays import widen_bfloat16
from common.errors import DataError
from common.files.contents import Contents

FORMAT = 1
DTYPES = {"F64": "f8", "F32": "f4", "F16": "f2", "BF16": "u2", "BOOL": "?"}
DTYPES |= {f"{kind}{8 * size}": f"{kind.lower()}{size}" for kind in "IU" for size in (1, 2, 4, 8)}


def pack(arrays: Mapping[str, NDArray], about: Mapping) -> bytes:
    """The arrays, each in its own type, and what they say of themselves, as a file's bytes."""
    # It takes the memory as it lies: a transposed view must be put in order first.
    ordered = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    return save(ordered, {"googlenet": json.dumps(about)})


def read(path: Path) -> Contents:
    """The arrays in a file and its metadata; raises DataError for anything unsound."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    about = metadata(path, content)
    try:
        tensors = dict(deserialize(content))  # type: ignore[no-untyped-call]
    except (SafetensorError, ValueError, TypeError) as error:
        raise DataError(f"{path}: not a sound safetensors file ({error})") from None
    arrays = {name: tensor_array(path, name, tensor) for name, tensor in tensors.items()}
    narrow = any(tensor["dtype"] == "BF16" for tensor in tensors.values())
    return Contents({"": arrays}, about, ["bfloat16 widened to float32"] if narrow else [])


def tensor_array(path: Path, name: str, tensor: Mapping) -> NDArray:
    """One tensor as an array; bfloat16, which NumPy lacks, as float32."""
    kind, shape = tensor["dtype"], tensor["shape"]
    if kind not in DTYPES:
        raise DataError(f"{path}: {name} is {kind}, which NumPy lacks; save it as float32")
    array = np.frombuffer(tensor["data"], f"<{DTYPES[kind]}").reshape(shape)
    return widen_bfloat16(array) if kind == "BF16" else array


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
    if not is_sound(about):
        raise DataError(f"{path}: what it says of itself makes no sense")
    return about


def is_sound(about: Mapping) -> bool:
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
        and all(type(value) in (int, float) and abs(value) < 2**63 for value in scalars.values())
        and all(isinstance(value, str) and value.isprintable() for value in names.values())
    )


def without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object as a dict, refusing a name that appears twice."""
    counts = Counter(name for name, _ in pairs)
    for name, times in counts.most_common(1):
        if times > 1:
            raise ValueError(f"the name {name!r} appears twice")
    return dict(pairs)
