"""NumPy's `.npz` archives, read without unpickling anything."""

from io import BytesIO
from tokenize import TokenError

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from common.arrays import Arrays
from common.files.archives import Archive
from common.files.budget import check_name, check_shape

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npz(archive: Archive) -> Arrays:
    """The arrays of an archive by name; raises ValueError for anything that is not an array."""
    archive.budget.take_arrays(len(archive.names))
    return {
        check_name(name.removesuffix(".npy")): read_member(name, archive.read(name))
        for name in archive.names
    }


def read_member(name: str, content: bytes) -> NDArray:
    """One array, whose shape and type its header declares."""
    file = BytesIO(content)
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"{name[:100]} has version {version} of the .npy format")
    try:
        shape, by_columns, dtype = HEADERS[version](file)
    except TokenError as error:  # from NumPy's second attempt to parse a damaged header
        raise ValueError(f"{name[:100]} has a damaged header ({error})") from None
    if dtype.hasobject or dtype.kind not in "fiub":
        raise ValueError(f"{name[:100]} holds {dtype}, not numbers")
    flat = np.frombuffer(content[file.tell() :], dtype)
    shape = check_shape(shape, len(flat))
    return flat.reshape(shape, order="F" if by_columns else "C")
