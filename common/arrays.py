"""Dictionaries of named arrays, and conversions to float32."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray]


def widen_bfloat16(bits: NDArray) -> NDArray[np.float32]:
    """Converts bfloat16 values, given as 16-bit patterns in an integer array, to float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def to_float32(arrays: Mapping[str, NDArray]) -> tuple[Arrays, list[str]]:
    """Casts all floating-point arrays to float32; also returns a note for each dtype that it cast.

    Narrower types keep their values; wider ones are rounded. Integer arrays are unchanged.
    """
    kinds = {str(array.dtype) for array in arrays.values() if is_other_float(array)}
    with np.errstate(over="ignore"):  # overflow becomes infinity, which is rejected later
        single = {
            name: array.astype(np.float32) if is_other_float(array) else array
            for name, array in arrays.items()
        }
    notes = {"float16": "float16 widened to float32", "float64": "float64 rounded to float32"}
    return single, [notes.get(kind, f"{kind} rounded to float32") for kind in sorted(kinds)]


def is_other_float(array: NDArray) -> bool:
    """Whether the array has a floating-point dtype other than float32."""
    return array.dtype.kind == "f" and array.dtype != np.float32
