"""PyTorch's files, `.pth` and `.pt`, read without PyTorch: zips, and what came before them."""

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import DataError
from common.files.contents import Contents
from common.files.pickle_data import External, read_pickle_data
from common.files.pickled_arrays import STORAGES, Interpreter


def read_torch_zip(path: Path, archive: zipfile.ZipFile, pickle_name: str) -> Contents:
    """The arrays in a file of `torch.save`: a pickle, and beside it each storage's bytes."""
    folder = pickle_name.removesuffix("data.pkl")
    names = set(archive.namelist())
    order = f"{folder}byteorder"
    if order in names and archive.read(order) != b"little":
        raise DataError(f"{path}: written on a machine of another byte order")

    def storage(key: Any, size: int) -> bytes:
        member = f"{folder}data/{key}"
        if not 0 <= size <= archive.getinfo(member).file_size:
            raise ValueError(f"{member} has not {size} bytes")
        return archive.read(member)[:size]

    return Interpreter(storage).contents(read_pickle_data(archive.read(pickle_name)))


def read_legacy_torch(content: bytes) -> Contents:
    """The arrays in a file from before the zips: five pickles, then the storages one by one."""
    file = io.BytesIO(content)
    for _ in range(3):  # a magic number, the version, the machine's sizes
        read_pickle_data(file)
    externals: list[External] = []
    value = read_pickle_data(file, externals)
    kinds = {external.key[2]: external.key[1] for external in externals if is_storage(external)}
    storages = {}
    for key in read_pickle_data(file):
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = file.read(count * item_size(kinds.get(key)))
    return Interpreter(lambda key, size: storages[key][:size]).contents(value)


def is_storage(external: External) -> bool:
    """Whether what lies outside a pickle is a storage, and not a class's source."""
    return isinstance(external.key, tuple) and external.key[0] == "storage"


def item_size(kind: Any) -> int:
    """The bytes of one number in a storage of PyTorch's."""
    name = kind.name.removeprefix("torch.").removesuffix("Storage") if kind else ""
    code = STORAGES.get(name, "u1")
    return 2 if code == "bfloat16" else np.dtype(code).itemsize
