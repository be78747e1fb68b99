"""PyTorch's `.pth` and `.pt` files, read without PyTorch: zip archives and the legacy format."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import DataError
from common.files.archives import Archive
from common.files.budget import Budget, check_name
from common.files.contents import Contents
from common.files.pickle_data import read_pickle_data
from common.files.pickle_values import External, Global
from common.files.pickled_arrays import STORAGES, Interpreter


def read_torch_zip(path: Path, archive: Archive, pickle_name: str, budget: Budget) -> Contents:
    """The arrays in a file written by `torch.save`: a pickle and the bytes of each storage."""
    folder = pickle_name.removesuffix("data.pkl")
    order = f"{folder}byteorder"
    if order in archive.names and archive.read(order) != b"little":
        raise DataError(f"{path}: written on a machine with a different byte order")
    interpreter = Interpreter(budget, lambda key: archive.read(f"{folder}data/{key}"))
    return interpreter.contents(read_pickle_data(archive.read(pickle_name), budget))


def read_legacy_torch(content: bytes, budget: Budget) -> Contents:
    """The arrays in a file of the legacy format: five pickles, then the storages one by one."""
    file = io.BytesIO(content)
    for _ in range(3):  # a magic number, the version, the machine's sizes
        read_pickle_data(file, budget)
    externals: list[External] = []
    value = read_pickle_data(file, budget, externals)
    keys = [external.key for external in externals if is_storage(external)]
    kinds = {check_name(key[2]): key[1] for key in keys}
    storages: dict[str, memoryview] = {}
    listed = read_pickle_data(file, budget)
    offset = file.tell()
    for key in listed if isinstance(listed, list) else []:
        (count,) = struct.unpack_from("<q", content, offset)
        end = offset + 8 + count * item_size(kinds.get(check_name(key)))
        if not offset + 8 <= end <= len(content):
            raise ValueError(f"the storage {key} is said to end beyond the file")
        storages[key], offset = memoryview(content)[offset + 8 : end], end
    return Interpreter(budget, storages.__getitem__).contents(value)


def is_storage(external: External) -> bool:
    """Whether an object outside a pickle is a storage and not the source code of a class."""
    key = external.key
    return isinstance(key, tuple) and len(key) > 2 and key[0] == "storage"


def item_size(kind: Any) -> int:
    """The number of bytes per element of a PyTorch storage."""
    name = kind.name if isinstance(kind, Global) else ""
    code = STORAGES.get(name.removeprefix("torch.").removesuffix("Storage"), "u1")
    return 2 if code == "bfloat16" else np.dtype(code).itemsize
