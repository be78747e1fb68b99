"""The files that weights travel in, as plain arrays by whatever names they have inside.

Nothing in a file is ever executed: PyTorch's are read with `weights_only`, Paddle's pickles by an
unpickler that admits arrays alone, HDF5 without links, and safetensors hold no code.
"""

import io
import os
import pickle
import re
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from common import weights
from common.errors import CheckFailed, DataError
from common.hdf5 import read_hdf5, write_hdf5
from common.job import Job
from common.worker import call

Arrays = dict[str, NDArray]
SUFFIXES = {
    ".safetensors": "safetensors",
    ".pth": "pytorch",
    ".pt": "pytorch",
    ".pdparams": "paddle",
    ".h5": "keras",
    ".ckpt": "tensorflow",
}
ZIP = b"PK\x03\x04"
LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF"  # what torch.save wrote before it wrote zips
# The end of a TensorFlow checkpoint in one file, the form in which TF-Slim's were published.
TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def kind_of(path: Path) -> str:
    """The kind of container a name asks for; raises DataError for a name that asks for none."""
    if path.suffix not in SUFFIXES:
        raise DataError(f"{path}: the name must end in one of {', '.join(SUFFIXES)}")
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
    return weights.read(path)


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
    if kind in ("pytorch", "tensorflow"):
        write_by_framework(path, arrays, kind)
        return
    with weights.written_whole(path) as temporary:
        match kind:
            case "safetensors":
                temporary.write_bytes(weights.packed(arrays, about or {}))
            case "paddle":
                temporary.write_bytes(pickle.dumps(dict(arrays), protocol=4))
            case "keras":
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
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            box = Path(folder, "arrays.npz")
            with open(box, "wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]
            job = Job("write", framework, input=str(box), out=str(Path(folder, path.name)))
            check_same(path, arrays, call(job)[0])
            box.unlink()
            # A TensorFlow checkpoint is found by its .index, which comes last.
            for made in sorted(Path(folder).iterdir()):
                os.replace(made, path.with_name(made.name))
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None


class ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays in dicts, and refuses to touch anything else."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("numpy", "ndarray"): PlainArray,
            ("numpy", "dtype"): PlainType,
            ("numpy.core.multiarray", "_reconstruct"): empty_array,
            ("numpy._core.multiarray", "_reconstruct"): empty_array,
            ("collections", "OrderedDict"): OrderedDict,
            ("builtins", "tuple"): tuple,
            ("_codecs", "encode"): latin1,
        }
        if (module, name) not in known:
            raise DataError(f"it would call {module}.{name}, which weights have no need of")
        return known[module, name]


class PlainType:
    """Stands in for numpy.dtype, whose own unpickling can forge pointers; numbers alone."""

    def __init__(self, code: str, *_: Any) -> None:
        if not re.fullmatch(r"[fiu][1248]", str(code)):
            raise DataError(f"it holds values of type {code!r} and not numbers")
        self.code = str(code)

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or any(part is not None for part in state[2:5]):
            raise DataError("it describes a type that is not a plain number")
        self.code = (">" if state[1] == ">" else "<") + self.code


class PlainArray:
    """Stands in for numpy.ndarray: bytes, a shape and a plain type make the array."""

    array: NDArray

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, data = state
        if not (isinstance(kind, PlainType) and isinstance(data, bytes)):
            raise DataError("it holds an array of something other than numbers")
        order: Literal["F", "C"] = "F" if fortran else "C"
        self.array = np.frombuffer(data, kind.code).reshape(shape, order=order)


def empty_array(kind: type, *_: Any) -> PlainArray:
    """What NumPy's own `_reconstruct` makes: an array to be filled, and of no other class."""
    if kind is not PlainArray:
        raise DataError(f"it would make a {kind!r} and not an array")
    return PlainArray()


def latin1(text: str, encoding: str) -> bytes:
    """Bytes as old pickles hold them."""
    if encoding != "latin1":
        raise DataError(f"bytes in {encoding!r}")
    return text.encode("latin1")


def read_pickle(path: Path) -> Arrays:
    """The arrays in a .pdparams file; raises DataError for anything but arrays by name."""
    try:
        found = ArraysOnly(io.BytesIO(path.read_bytes())).load()
    except DataError as error:
        raise DataError(f"{path}: refused: {error}") from None
    except Exception as error:
        # A broken pickle can raise nearly anything.
        raise DataError(f"{path}: not a sound pickle of arrays ({error})") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: holds a {type(found).__name__} and not arrays by name")
    found.pop("StructuredToParameterName@@", None)
    arrays = {str(name): unwrapped(value) for name, value in found.items()}
    strange = [name for name, value in arrays.items() if not isinstance(value, np.ndarray)]
    if strange:
        raise DataError(f"{path}: {strange[0]} is not an array")
    return arrays


def unwrapped(value: Any) -> Any:
    """A tensor as Paddle pickles it outside a state dict: its name and its array."""
    value = value[1] if isinstance(value, tuple) and len(value) == 2 else value
    return getattr(value, "array", None) if isinstance(value, PlainArray) else value
