"""Arrays by name, and the kinds of number they come in."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray]


def widen_bfloat16(bits: NDArray) -> NDArray[np.float32]:
    """The float32 numbers whose first half bfloat16's 16 bits are, given as whole numbers."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def to_float32(arrays: Mapping[str, NDArray]) -> tuple[Arrays, list[str]]:
    """The arrays with every floating-point one as float32, and what was done to them, in words.

    Narrower numbers keep their value; wider ones are rounded. Whole numbers stay as they are.
    """
    kinds = {str(array.dtype) for array in arrays.values() if is_other_float(array)}
    with np.errstate(over="ignore"):  # what is too large becomes infinity, and is refused as such
        single = {
            name: array.astype(np.float32) if is_other_float(array) else array
            for name, array in arrays.items()
        }
    notes = {"float16": "float16 widened to float32", "float64": "float64 rounded to float32"}
    return single, [notes.get(kind, f"{kind} rounded to float32") for kind in sorted(kinds)]


def is_other_float(array: NDArray) -> bool:
    """Whether the array's numbers are floating-point, but not float32."""
    return array.dtype.kind == "f" and array.dtype != np.float32
