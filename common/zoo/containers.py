"""The files that weights travel in, as plain arrays by whatever names they have inside.

Nothing in a file is ever executed: PyTorch's are read with `weights_only`, Paddle's pickles by an
unpickler that admits arrays alone, HDF5 without links, and safetensors hold no code.
"""

import os
import pickle
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import CheckFailed, DataError
from common.files import safetensors_file
from common.files.atomic import put_in_place, written_whole
from common.files.bundle import pack
from common.files.hdf5 import read_hdf5, write_hdf5
from common.files.pickles import read_pickle
from common.jobs.job import Job
from common.jobs.worker import call

Arrays = dict[str, NDArray]
SUFFIXES = {
    ".safetensors": "safetensors",
    ".pth": "torch",
    ".pt": "torch",
    ".pdparams": "pickle",
    ".h5": "hdf5",
    ".ckpt": "checkpoint",
}
# The kinds that only their framework can write.
WRITERS = {"torch": "pytorch", "checkpoint": "tensorflow"}
ZIP = b"PK\x03\x04"
LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF"  # what torch.save wrote before it wrote zips
# The end of a TensorFlow checkpoint in one file, the form in which TF-Slim's were published.
TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def kind_of(path: Path) -> str:
    """The kind of container a name asks for; raises DataError for a name that asks for none."""
    if path.suffix not in SUFFIXES:
        raise DataError(f"{path}: the name must end in one of {', '.join(SUFFIXES)}")
    if path.suffix == ".h5" and not path.name.endswith(".weights.h5"):
        raise DataError(f"{path}: Keras opens weights only by a name that ends in .weights.h5")
    return SUFFIXES[path.suffix]


def read(path: Path) -> tuple[Arrays, dict]:
    """The arrays in a file, known by its content, and what the file says of itself."""
    if not path.is_file() and Path(f"{path}.index").is_file():
        return call(Job("read", "tensorflow", input=str(path)))[0], {}
    try:
        with open(path, "rb") as file:
            start = file.read(9)
            file.seek(max(0, path.stat().st_size - len(TABLE_END)))
            end = file.read()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    if start.startswith(b"\x89HDF"):
        return read_hdf5(path), {}
    if start.startswith((ZIP, LEGACY_TORCH)):
        return call(Job("read", "pytorch", input=str(path)))[0], {}
    if end == TABLE_END:
        return call(Job("read", "tensorflow", input=str(path)))[0], {}
    # A safetensors file begins with its header's length in 8 bytes; the header begins with a brace.
    if start.startswith(b"\x80") and not start.endswith(b"{"):
        return read_pickle(path), {}
    return safetensors_file.read(path)


def write(
    path: Path,
    arrays: Mapping[str, NDArray],
    kind: str,
    about: Mapping | None = None,
    places: Mapping[str, str] | None = None,
) -> None:
    """Writes the arrays in a container of that kind, whole or not at all.

    `about` is what a safetensors file says of itself, `places` where Keras looks for each array.
    The file takes its name only once it has been read again and found the same bit for bit;
    raises CheckFailed if it is not.
    """
    if kind in WRITERS:
        write_by_framework(path, arrays, WRITERS[kind])
        return
    with written_whole(path) as temporary:
        match kind:
            case "safetensors":
                temporary.write_bytes(safetensors_file.packed(arrays, about or {}))
            case "pickle":
                temporary.write_bytes(pickle.dumps(dict(arrays), protocol=4))
            case "hdf5":
                write_hdf5(temporary, arrays, places or {})
        check_same(path, arrays, read(temporary)[0])


def check_same(path: Path, written: Mapping[str, NDArray], again: Arrays) -> None:
    """Raises CheckFailed unless what was read again is what was written."""
    if again.keys() != written.keys() or any(
        again[key].dtype != array.dtype or not np.array_equal(again[key], array)
        for key, array in written.items()
    ):
        raise CheckFailed(f"{path}: would not read back as it was written, and is not kept")


def write_by_framework(path: Path, arrays: Mapping[str, NDArray], framework: str) -> None:
    """Has a framework write its own kind of file, or files, and then puts them in their place."""
    path = Path(os.path.realpath(path))
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            box = Path(folder, "arrays.npz")
            pack(box, arrays)
            job = Job("write", framework, input=str(box), out=str(Path(folder, path.name)))
            check_same(path, arrays, call(job)[0])
            box.unlink()
            # A TensorFlow checkpoint is found by its .index, which comes last.
            for made in sorted(Path(folder).iterdir()):
                put_in_place(made, path.with_name(made.name))
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
