"""Paddle's files, `.pdparams`: pickles, read without Paddle."""

import numpy as np
from numpy.typing import NDArray

from common.arrays import widen_bfloat16
from common.files.budget import Budget
from common.files.contents import Contents
from common.files.pickle_data import read_pickle_data
from common.files.pickled_arrays import Interpreter


def read_paddle(content: bytes, budget: Budget) -> Contents:
    """The arrays in a file of `paddle.save`, where 16-bit whole numbers are bfloat16's bits."""
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
    """An array of Paddle's, whose bfloat16 is float32 then."""
    return widen_bfloat16(array) if array.dtype == np.uint16 else array
