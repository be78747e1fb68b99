"""What pickled weights mean: arrays of NumPy's and PyTorch's out of the plain parts of their calls.

The value of a pickle (`pickle_data`) becomes groups of arrays by name. A group is a dict of
them, wherever in the file it lies; its key is the way to it, such as `state_dict`.
"""

import re
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays, widen_bfloat16
from common.errors import DataError
from common.files.contents import Contents
from common.files.pickle_data import Call, External, Global

MOST_ARRAYS = 100_000
DEEPEST = 4
# The types of PyTorch's storages, as NumPy's; bfloat16 has none and is read by its bits.
STORAGES = {"Float": "f4", "Double": "f8", "Half": "f2", "BFloat16": "bfloat16", "Long": "i8",
            "Int": "i4", "Short": "i2", "Char": "i1", "Byte": "u1", "Bool": "?"}  # fmt: skip
DICTS = re.compile(r"collections\.(OrderedDict|defaultdict)|builtins\.dict|__builtin__\.dict")
# Gives the bytes of a storage by its key and its number of bytes.
Storage = Callable[[Any, int], bytes]


class NotAnArray(Exception):
    """A value that is no array of numbers; says what it is."""


class Interpreter:
    """Reads arrays out of a pickle's value; `storage` finds the bytes that lie outside it."""

    def __init__(self, storage: Storage | None = None) -> None:
        self.storage = storage
        self.narrow = False

    def contents(self, value: Any) -> Contents:
        """All groups of arrays in the value, and what else lies in them."""
        groups: dict[str, Arrays] = {}
        others: dict[str, dict[str, str]] = {}
        self.collect(value, "", groups, others, DEEPEST)
        notes = ["bfloat16 widened to float32"] if self.narrow else []
        return Contents(groups, {}, notes, others)

    def collect(self, value: Any, key: str, groups: dict, others: dict, depth: int) -> None:
        """Adds the group that a value is, if it is one, and those that lie in it."""
        items = as_items(value)
        if items is None:
            if not key:
                others[key] = {"": kind_of(value)}
            return
        found, rest = {}, {}
        for name, item in items.items():
            if not isinstance(name, str) or name.startswith("__") or name == STRUCTURED:
                continue
            try:
                found[name] = self.array(item)
            except NotAnArray as kind:
                rest[name] = str(kind)
                if depth:
                    inner = f"{key}.{name}" if key else name
                    self.collect(item, inner, groups, others, depth - 1)
        if len(found) > MOST_ARRAYS:
            raise DataError(f"it holds {len(found):,} arrays, far too many to be weights")
        others[key] = rest
        if any(array.ndim for array in found.values()):
            groups[key] = found

    def array(self, value: Any) -> NDArray:
        """A value as the array that it is; raises NotAnArray if it is none."""
        if isinstance(value, Call) and value.name == "builtins.tuple" and value.arguments:
            value = value.arguments[0]
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
            return self.array(value[1])  # Paddle's tensor outside a state dict, with its name
        if not isinstance(value, Call):
            raise NotAnArray(kind_of(value))
        name = value.name.replace("numpy._core", "numpy.core")
        try:
            match name:
                case "numpy.core.multiarray._reconstruct":
                    return numpy_array(*value.state[1:])
                case "numpy.core.multiarray.scalar":
                    return numpy_array((), value.arguments[0], False, value.arguments[1])
                case "numpy.core.numeric._frombuffer":
                    data, kind, shape, order = value.arguments
                    return numpy_array(shape, kind, order == "F", data)
                case (
                    "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state"
                ):
                    return self.array(value.arguments[0])
                case "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor":
                    return self.tensor(*value.arguments[:4])
        except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
            raise DataError(f"an array in it is not sound ({error})") from None
        raise NotAnArray(value.name)

    def tensor(self, external: External, offset: int, size: tuple, stride: tuple) -> NDArray:
        """A tensor of PyTorch's: a view of a storage."""
        _, kind, key, _, count = external.key[:5]
        storage = (
            re.fullmatch(r"torch\.(\w+)Storage", kind.name) if isinstance(kind, Global) else None
        )
        if not storage or storage[1] not in STORAGES or not self.storage:
            raise NotAnArray(f"a tensor of type {getattr(kind, 'name', kind)}")
        code = STORAGES[storage[1]]
        narrow = code == "bfloat16"
        self.narrow |= narrow
        dtype = np.dtype("<u2" if narrow else f"<{code}")
        flat = np.frombuffer(self.storage(key, count * dtype.itemsize), dtype)
        array = strided(flat, offset, size, stride)
        return widen_bfloat16(array) if narrow else array


STRUCTURED = "StructuredToParameterName@@"  # Paddle's own names beside the structure's


def strided(flat: NDArray, offset: int, size: tuple, stride: tuple) -> NDArray:
    """The view of a flat array as a copy; raises ValueError where it would leave the array."""
    if len(size) != len(stride) or min((offset, *size, *stride)) < 0 or prod(size) > len(flat):
        raise ValueError(f"a view of {size} on {len(flat)} numbers")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if prod(size) and last >= len(flat):
        raise ValueError(f"a view of {size} that ends beyond {len(flat)} numbers")
    strides = [step * flat.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(flat[offset:], size, strides).copy()


def numpy_array(shape: tuple, kind: Any, fortran: bool, data: Any) -> NDArray:
    """An array of NumPy's from its parts; raises NotAnArray unless it is of plain numbers."""
    if isinstance(data, Call) and data.name == "_codecs.encode" and data.arguments[1] == "latin1":
        data = data.arguments[0]
    if isinstance(data, str):  # as pickles of Python 2 hold bytes
        data = data.encode("latin1")
    code = kind.arguments[0] if isinstance(kind, Call) and kind.name == "numpy.dtype" else kind
    if not re.fullmatch(r"[fiu][1248]|b1", str(code)):
        raise NotAnArray(f"an array of type {code!r}")
    if not isinstance(data, bytes | bytearray):
        raise NotAnArray("an array of something other than numbers")
    state = kind.state if isinstance(kind.state, tuple) else (3, "<")
    dtype = np.dtype(str(code)).newbyteorder(">" if state[1] == ">" else "<")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="))


def as_items(value: Any) -> dict | None:
    """The names and values of a dict, or of a whole module of PyTorch's; None for others."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, Call):
        return None
    if DICTS.fullmatch(value.name):
        return value.items
    if isinstance(value.state, dict) and "_modules" in value.state:
        return dict(module_items(value, "", 50))
    return None


def module_items(module: Call, prefix: str, depth: int) -> list[tuple[str, Any]]:
    """The parameters and buffers of a pickled module and of those inside, by their names."""
    state = module.state if isinstance(module.state, dict) else {}
    found: list[tuple[str, Any]] = []
    for kind in ("_parameters", "_buffers"):
        own = as_items(state.get(kind)) or {}
        found += [(f"{prefix}{name}", value) for name, value in own.items() if value is not None]
    for name, inner in (as_items(state.get("_modules")) or {}).items():
        if isinstance(inner, Call) and depth:
            found += module_items(inner, f"{prefix}{name}.", depth - 1)
    return found


def kind_of(value: Any) -> str:
    """What a value is, in a word."""
    return value.name if isinstance(value, Call) else type(value).__name__
