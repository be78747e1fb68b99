"""Writes weights files of every type; a file is read back before it gets its name."""

import os
import pickle
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import CheckFailed, DataError
from common.files import safetensors_file
from common.files.atomic import (
    atomic_file,
    check_target,
    hidden_name,
    put_in_place,
    remove_leftovers,
)
from common.files.budget import Budget
from common.files.bundle import pack
from common.files.caffe_files import read_caffe, write_caffe
from common.files.hdf5 import write_hdf5
from common.files.scratch import owner_mark
from common.jobs.call import call
from common.tools.zoo.file_jobs import WriteFile
from common.tools.zoo.read_file import read_file

SUFFIXES = {
    ".safetensors": "safetensors",
    ".pth": "torch",
    ".pt": "torch",
    ".pdparams": "pickle",
    ".h5": "hdf5",
    ".ckpt": "checkpoint",
    ".caffemodel": "caffe",
}
# The file types that only their framework can write.
WRITERS = {"torch": "pytorch", "checkpoint": "tensorflow"}


def file_kind(path: Path) -> str:
    """The file type that a path's suffix selects; raises DataError for an unknown suffix."""
    if path.suffix not in SUFFIXES:
        suffixes = ", ".join(SUFFIXES).replace(".h5", ".weights.h5")
        raise DataError(f"{path}: the name must end in one of {suffixes}")
    if path.suffix == ".h5" and not path.name.endswith(".weights.h5"):
        raise DataError(f"{path}: Keras opens weights only by a name that ends in .weights.h5")
    return SUFFIXES[path.suffix]


def write_file(
    path: Path,
    arrays: Mapping[str, NDArray],
    about: Mapping | None = None,
    locations: Mapping[str, str] | None = None,
) -> None:
    """Writes the arrays atomically, in the file type that the path's suffix selects.

    `about` is the metadata of a safetensors file; `locations` has the location of each array in
    Keras' file.
    Raises CheckFailed if the file does not read back bit for bit.
    """
    kind = file_kind(path)
    if kind in WRITERS:
        write_by_framework(path, arrays, WRITERS[kind])
        return
    with atomic_file(path) as temporary:
        match kind:
            case "safetensors":
                temporary.write_bytes(safetensors_file.pack(arrays, about or {}))
            case "pickle":
                temporary.write_bytes(pickle.dumps(dict(arrays), protocol=4))
            case "hdf5":
                write_hdf5(temporary, arrays, locations or {})
            case "caffe":
                temporary.write_bytes(write_caffe(arrays))
        # A Caffe model is recognised by its suffix, which the temporary file lacks.
        if kind == "caffe":
            content = temporary.read_bytes()
            again = read_caffe(content, Budget(len(content)))
        else:
            again = read_file(temporary)
        check_same(path, arrays, again.groups.get("", {}))


def check_same(path: Path, written: Mapping[str, NDArray], again: Arrays) -> None:
    """Raises CheckFailed unless the arrays read back equal those written."""
    if again.keys() != written.keys() or any(
        again[key].dtype != array.dtype or not np.array_equal(again[key], array)
        for key, array in written.items()
    ):
        raise CheckFailed(f"{path}: verification failed: the file differs after writing; discarded")


def write_by_framework(path: Path, arrays: Mapping[str, NDArray], framework: str) -> None:
    """Writes files in a worker with their framework, verifies them, and moves them into place."""
    path = Path(os.path.realpath(path))
    try:
        check_target(path)
        remove_leftovers(path)
        prefix = hidden_name(path) + owner_mark()
        with tempfile.TemporaryDirectory(prefix=prefix, dir=path.parent) as folder:
            temporary, box = Path(folder, path.name), Path(folder, "arrays.npz")
            pack(box, arrays)
            call(WriteFile(framework=framework, arrays=str(box), out=str(temporary)))
            check_same(path, arrays, read_file(temporary).groups.get("", {}))
            box.unlink()
            # A TensorFlow checkpoint is found by its .index file, which is moved last.
            for part in sorted(Path(folder).iterdir()):
                put_in_place(part, path.with_name(part.name))
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
