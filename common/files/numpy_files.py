"""NumPy's `.npz` archives, and dicts in `.npy` files, read without unpickling anything."""

from io import BytesIO
from tokenize import TokenError

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from common.arrays import Arrays
from common.files.archives import Archive
from common.files.budget import Budget, check_name, check_shape
from common.files.contents import Contents
from common.files.pickle_data import read_pickle_data
from common.files.pickle_values import CallResult
from common.files.pickled_arrays import Interpreter

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npz(archive: Archive) -> Arrays:
    """The arrays of an archive by name; raises ValueError for anything that is not an array."""
    archive.budget.take_arrays(len(archive.names))
    return {
        check_name(name.removesuffix(".npy")): read_member(name, archive.read(name))
        for name in archive.names
    }


def read_npy_dict(content: bytes, budget: Budget) -> Contents:
    """The arrays of a dict that `numpy.save` has pickled into a `.npy` file."""
    file = BytesIO(content)
    read_header(file, "the file")
    value = read_pickle_data(content[file.tell() :], budget)
    match value:
        case CallResult(state=(_, _, _, _, [item])):  # an array of one object
            value = item
    return Interpreter(budget).contents(value)


def read_header(file: BytesIO, name: str) -> tuple[object, bool, np.dtype]:
    """The shape, the order and the type that the header of a `.npy` file declares."""
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"{name} has version {version} of the .npy format")
    try:
        return HEADERS[version](file)
    except TokenError as error:  # from NumPy's second attempt to parse a damaged header
        raise ValueError(f"{name} has a damaged header ({error})") from None


def read_member(name: str, content: bytes) -> NDArray:
    """One array, whose shape and type its header declares."""
    file = BytesIO(content)
    shape, by_columns, dtype = read_header(file, name[:100])
    if dtype.hasobject or dtype.kind not in "fiub":
        raise ValueError(f"{name[:100]} holds {dtype}, not numbers")
    flat = np.frombuffer(content[file.tell() :], dtype)
    shape = check_shape(shape, len(flat))
    return flat.reshape(shape, order="F" if by_columns else "C")
