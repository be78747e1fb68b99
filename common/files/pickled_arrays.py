"""Rebuilds pickled NumPy and PyTorch arrays from the plain parts of their calls.

The value of a pickle (`pickle_data`) becomes groups of arrays by name. A group is a dict of
arrays, anywhere in the file; its key is the path to it, such as `state_dict`.
"""

import re
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays, widen_bfloat16
from common.errors import DataError
from common.files.budget import Budget, check_name, check_shape, check_sizes
from common.files.contents import Contents
from common.files.pickle_values import CallResult, External, Global

DEEPEST = 4  # levels of dicts in dicts, or of wrappers, that are searched
DEEPEST_MODULE = 50  # levels of modules in modules
# NumPy's types for PyTorch's storages; it has none for bfloat16, which is read as bit patterns.
STORAGES = {"Float": "f4", "Double": "f8", "Half": "f2", "BFloat16": "bfloat16", "Long": "i8",
            "Int": "i4", "Short": "i2", "Char": "i1", "Byte": "u1", "Bool": "?"}  # fmt: skip
DICTS = re.compile(r"collections\.(OrderedDict|defaultdict)|builtins\.dict|__builtin__\.dict")
STRUCTURED = "StructuredToParameterName@@"  # Paddle's own names, beside the structured ones
# Calls whose first argument is the array itself.
WRAPPERS = {
    "builtins.tuple",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
}
# Returns the bytes of a storage, given its key.
Storage = Callable[[str], bytes | memoryview]


class NotAnArray(Exception):
    """A value is not an array of numbers; the message gives its type."""


class Interpreter:
    """Reads arrays from a pickle's value; `storage` finds the bytes stored outside the pickle."""

    def __init__(self, budget: Budget, storage: Storage | None = None) -> None:
        self.budget = budget
        self.storage = storage
        self.storages: dict[str, bytes | memoryview] = {}
        self.narrow = False

    def contents(self, value: Any) -> Contents:
        """All groups of arrays in the value, and the types of the other values in them."""
        groups: dict[str, Arrays] = {}
        others: dict[str, dict[str, str]] = {}
        self.collect(value, "", groups, others, DEEPEST)
        notes = ["bfloat16 widened to float32"] if self.narrow else []
        return Contents(groups, {}, notes, others)

    def collect(self, value: Any, key: str, groups: dict, others: dict, depth: int) -> None:
        """Adds the value, if it is a group, and the groups nested in it."""
        items = self.items(value)
        if items is None:
            if not key:
                others[key] = {"": type_name(value)}
            return
        arrays, rest = {}, {}
        for name, item in items.items():
            # Counted, because a dict may contain another a thousand times, and that one a third.
            self.budget.take_operations()
            if not isinstance(name, str) or name.startswith("__") or name == STRUCTURED:
                continue
            try:
                arrays[name] = self.array(item)
            except NotAnArray as kind:
                rest[name] = str(kind)
                if depth:
                    inner = check_name(f"{key}.{name}" if key else name)
                    self.collect(item, inner, groups, others, depth - 1)
        others[key] = rest
        if any(array.ndim for array in arrays.values()):
            groups[key] = arrays

    def items(self, value: Any) -> dict | None:
        """The names and values in a dict, a list of arrays or a whole PyTorch module, or None."""
        state = value.state if isinstance(value, CallResult) else None
        if isinstance(state, dict) and "_modules" in state:
            return dict(self.module_items(value, "", DEEPEST_MODULE))
        return positions(value) if isinstance(value, list) else as_dict(value)

    def module_items(
        self, module: CallResult, prefix: str, depth: int
    ) -> Iterator[tuple[str, Any]]:
        """The parameters and buffers of a pickled module and its submodules, by name."""
        self.budget.take_operations()
        state = module.state if isinstance(module.state, dict) else {}
        for kind in ("_parameters", "_buffers"):
            for name, value in (as_dict(state.get(kind)) or {}).items():
                self.budget.take_operations()
                if isinstance(name, str) and value is not None:
                    yield check_name(prefix + name), value
        for name, inner in (as_dict(state.get("_modules")) or {}).items():
            if isinstance(name, str) and isinstance(inner, CallResult) and depth:
                yield from self.module_items(inner, check_name(f"{prefix}{name}."), depth - 1)

    def array(self, value: Any) -> NDArray:
        """A value as an array; raises NotAnArray if it is not one."""
        call = innermost(value)
        try:
            match call.name.replace("numpy._core", "numpy.core"):
                case "numpy.core.multiarray._reconstruct":
                    _, shape, kind, fortran, data = check_parts(call.state, 5)
                    return self.numpy_array(shape, kind, bool(fortran), data)
                case "numpy.core.multiarray.scalar":
                    kind, data = check_parts(call.arguments, 2)
                    return self.numpy_array((), kind, False, data)
                case "numpy.core.numeric._frombuffer":
                    data, kind, shape, order = check_parts(call.arguments, 4)
                    return self.numpy_array(shape, kind, order == "F", data)
                case "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor":
                    return self.tensor(*call.arguments[:4])
        except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(f"it contains an invalid array ({error})") from None
        raise NotAnArray(call.name)

    def tensor(self, external: External, offset: int, size: tuple, stride: tuple) -> NDArray:
        """A PyTorch tensor, which is a view of a storage."""
        _, kind, key, _, count = check_parts(external.key[:5], 5)
        name = kind.name if isinstance(kind, Global) else type_name(kind)
        storage = re.fullmatch(r"torch\.(\w+)Storage", name)
        if not storage or storage[1] not in STORAGES or not self.storage:
            raise NotAnArray(f"a tensor of type {name}")
        code = STORAGES[storage[1]]
        narrow = code == "bfloat16"
        self.narrow |= narrow
        [count] = check_sizes([count])
        dtype = np.dtype("<u2" if narrow else f"<{code}")
        if check_name(key) not in self.storages:
            self.storages[key] = self.storage(key)
        flat = np.frombuffer(self.storages[key], dtype, count)
        size = check_sizes(size)
        self.budget.take_arrays()
        self.budget.take_bytes(prod(size) * (4 if narrow else dtype.itemsize))
        array = strided(flat, offset, size, stride)
        return widen_bfloat16(array) if narrow else array

    def numpy_array(self, shape: Any, kind: Any, fortran: bool, data: Any) -> NDArray:
        """A NumPy array from its parts; raises NotAnArray unless it holds plain numbers."""
        if isinstance(data, CallResult) and data.name == "_codecs.encode" and data.arguments[1:]:
            data = data.arguments[0]
        dtype = numpy_dtype(kind)
        if not isinstance(data, bytes | bytearray | str):
            raise NotAnArray("an array of something other than numbers")
        self.budget.take_arrays()
        self.budget.take_bytes(len(data))
        raw = data.encode("latin1") if isinstance(data, str) else data  # as Python 2 stored bytes
        flat = np.frombuffer(raw, dtype)
        array = flat.reshape(check_shape(shape, len(flat)), order="F" if fortran else "C")
        return array.astype(dtype.newbyteorder("="), copy=False)


def numpy_dtype(kind: Any) -> np.dtype:
    """A pickled dtype; raises NotAnArray unless it is a plain numeric type."""
    state = (3, "<")
    if isinstance(kind, CallResult) and kind.name == "numpy.dtype" and kind.arguments:
        state = kind.state if isinstance(kind.state, tuple) else state
        kind = kind.arguments[0]
    if not isinstance(kind, str) or not re.fullmatch(r"[fiu][1248]|b1", kind):
        named = repr(kind) if isinstance(kind, str) and len(kind) < 40 else "no number"
        raise NotAnArray(f"an array of type {named}")
    return np.dtype(kind).newbyteorder(">" if state[1] == ">" else "<")


def innermost(value: Any) -> CallResult:
    """The call that would make an array, without wrappers; raises NotAnArray if there is none."""
    for _ in range(DEEPEST):
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
            value = value[1]  # a Paddle tensor outside a state dict, with its name
        elif isinstance(value, CallResult) and value.arguments and value.name in WRAPPERS:
            value = value.arguments[0]
    if not isinstance(value, CallResult):
        raise NotAnArray(type_name(value))
    return value


def check_parts(parts: Any, count: int) -> tuple:
    """The parts of an array; raises ValueError unless they are a tuple of length `count`."""
    if not isinstance(parts, tuple) or len(parts) != count:
        raise ValueError(f"expected {count} parts")
    return parts


def strided(flat: NDArray, offset: int, size: tuple, stride: tuple) -> NDArray:
    """A strided view of a flat array, made contiguous; raises ValueError if it is out of bounds."""
    size, stride, (offset,) = check_sizes(size), check_sizes(stride), check_sizes([offset])
    if len(size) != len(stride) or prod(size) > len(flat):
        raise ValueError(f"a view of {size} on {len(flat)} numbers")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if prod(size) and last >= len(flat):
        raise ValueError(f"a view of {size} that ends beyond {len(flat)} numbers")
    strides = [step * flat.itemsize for step in stride]
    view = np.lib.stride_tricks.as_strided(flat[offset:], size, strides)
    return np.asarray(view, order="C")


def positions(values: list) -> dict | None:
    """The items of a list of calls, which may make arrays, by position; None for other lists."""
    if not values or not all(isinstance(each, CallResult) for each in values):
        return None
    return {str(position): each for position, each in enumerate(values)}


def as_dict(value: Any) -> dict | None:
    """The names and values of a dict, however it would be made; None for other values."""
    if isinstance(value, dict):
        return value
    return value.items if isinstance(value, CallResult) and DICTS.fullmatch(value.name) else None


def type_name(value: Any) -> str:
    """The name of a value's type, or of the call that would make it."""
    return value.name if isinstance(value, CallResult) else type(value).__name__
