"""Paddle's .pdparams files: pickles, read by an unpickler that admits arrays alone."""

import io
import pickle
import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError


class ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays in dicts, and refuses to touch anything else."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("numpy", "ndarray"): PlainArray,
            ("numpy", "dtype"): PlainType,
            ("numpy.core.multiarray", "_reconstruct"): empty_array,
            ("numpy._core.multiarray", "_reconstruct"): empty_array,
            ("collections", "OrderedDict"): PlainDict,
            ("builtins", "tuple"): tuple,
            ("_codecs", "encode"): latin1,
        }
        if (module, name) not in known:
            raise DataError(f"it would call {module}.{name}, which weights have no need of")
        return known[module, name]


class PlainDict(dict):
    """Stands in for OrderedDict; without attributes that a file could set."""

    __slots__ = ()


class PlainType:
    """Stands in for numpy.dtype, whose own unpickling can forge pointers; numbers alone."""

    def __init__(self, code: str, *_: Any) -> None:
        if not re.fullmatch(r"[fiu][1248]", str(code)):
            raise DataError(f"it holds values of type {code!r} and not numbers")
        self.code = str(code)

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or any(part is not None for part in state[2:5]):
            raise DataError("it describes a type that is not a plain number")
        self.code = (">" if state[1] == ">" else "<") + self.code


class PlainArray:
    """Stands in for numpy.ndarray: bytes, a shape and a plain type make the array."""

    array: NDArray

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, data = state
        if not (isinstance(kind, PlainType) and isinstance(data, bytes)):
            raise DataError("it holds an array of something other than numbers")
        order: Literal["F", "C"] = "F" if fortran else "C"
        self.array = np.frombuffer(data, kind.code).reshape(shape, order=order)


def empty_array(kind: type, *_: Any) -> PlainArray:
    """What NumPy's own `_reconstruct` makes: an array to be filled, and of no other class."""
    if kind is not PlainArray:
        raise DataError(f"it would make a {kind!r} and not an array")
    return PlainArray()


def latin1(text: str, encoding: str) -> bytes:
    """Bytes as old pickles hold them."""
    if encoding != "latin1":
        raise DataError(f"bytes in {encoding!r}")
    return text.encode("latin1")


def read_pickle(path: Path) -> dict[str, NDArray]:
    """The arrays in a .pdparams file; raises DataError for anything but arrays by name."""
    try:
        found = ArraysOnly(io.BytesIO(path.read_bytes())).load()
        if not isinstance(found, dict):
            raise DataError(f"it holds a {type(found).__name__} and not arrays by name")
        found.pop("StructuredToParameterName@@", None)
        arrays = {str(name): unwrapped(value) for name, value in found.items()}
    except DataError as error:
        raise DataError(f"{path}: refused: {error}") from None
    except Exception as error:
        # A broken pickle can raise nearly anything.
        raise DataError(f"{path}: not a sound pickle of arrays ({error})") from None
    strange = [name for name, value in arrays.items() if not isinstance(value, np.ndarray)]
    if strange:
        raise DataError(f"{path}: {strange[0]} is not an array")
    return arrays


def unwrapped(value: Any) -> Any:
    """A tensor as Paddle pickles it outside a state dict: its name and its array."""
    value = value[1] if isinstance(value, tuple) and len(value) == 2 else value
    return getattr(value, "array", None) if isinstance(value, PlainArray) else value
