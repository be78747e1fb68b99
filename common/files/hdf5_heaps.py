"""Checks HDF5's heaps of strings before the HDF5 library reads them, which does not end for some.

The format is given in the HDF5 File Format Specification, "Global Heap".
"""

import mmap
import struct
from pathlib import Path

from common.files.budget import Budget

COLLECTION = b"GCOL\x01"
HEADER = 16  # of a collection, and of each object in it


def check_heaps(path: Path, content: bytes | None, budget: Budget) -> None:
    """Raises ValueError for a heap without an end; `content` is the file's bytes, if known."""
    if content is not None:
        check_collections(content, budget)
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        check_collections(mapped, budget)


def check_collections(file: bytes | mmap.mmap, budget: Budget) -> None:
    """Raises ValueError unless each object in each heap is followed by another or by the end."""
    # The sizes of addresses and lengths; their place in the superblock depends on its version.
    sizes = file[9:11] if file[8] > 1 else file[13:15]
    if sizes != b"\x08\x08":
        raise ValueError("addresses and lengths of other than 8 bytes")
    begin = file.find(COLLECTION)
    while begin >= 0:
        length = int.from_bytes(file[begin + 8 : begin + HEADER], "little")
        offset, end = begin + HEADER, min(begin + length, len(file))
        while offset + HEADER <= end:
            budget.take_operations()
            number, size = struct.unpack_from("<H6xQ", file, offset)
            if size > length or (number == 0 and size < HEADER):
                raise ValueError("unterminated heap")
            offset += HEADER + -(-size // 8) * 8 if number else size  # number 0 is free space
        begin = file.find(COLLECTION, begin + 1)
