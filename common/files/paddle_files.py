"""Paddle's `.pdparams` files, which are pickles, read without Paddle."""

import numpy as np
from numpy.typing import NDArray

from common.arrays import widen_bfloat16
from common.files.budget import Budget
from common.files.contents import Contents
from common.files.pickle_data import read_pickle_data
from common.files.pickled_arrays import Interpreter


def read_paddle(content: bytes, budget: Budget) -> Contents:
    """The arrays in a file written by `paddle.save`; 16-bit integers are bfloat16 bit patterns."""
    contents = Interpreter(budget).contents(read_pickle_data(content, budget))
    groups = {
        key: {name: widen(array) for name, array in arrays.items()}
        for key, arrays in contents.groups.items()
    }
    narrow = any(
        a.dtype == np.uint16 for arrays in contents.groups.values() for a in arrays.values()
    )
    notes = ["bfloat16 widened to float32"] if narrow else []
    return Contents(groups, {}, notes, contents.others)


def widen(array: NDArray) -> NDArray:
    """A Paddle array, with bfloat16 widened to float32."""
    return widen_bfloat16(array) if array.dtype == np.uint16 else array
