"""Reads weights files of every supported type as arrays by name.

The type is recognised by the content if it has a signature, and else by the name.
Nothing in a file is executed: pickles are read as data, HDF5 without following links. TensorFlow
reads its own checkpoints, in a worker. If a file cannot be read, the error says what it is and what
to do.
"""

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.arrays import Arrays
from common.errors import CheckFailed, DataError
from common.files import safetensors_file
from common.files.archives import Archive
from common.files.budget import Budget
from common.files.caffe_files import read_caffe
from common.files.contents import Contents
from common.files.hdf5 import read_hdf5, read_model_text
from common.files.numpy_files import read_npy_dict, read_npz
from common.files.onnx_files import read_onnx
from common.files.paddle_files import read_paddle
from common.files.regular_file import check_regular, read_regular
from common.files.shards import INDEX, is_shard, read_shards
from common.files.torch_files import read_legacy_torch, read_torch_zip
from common.jobs.call import call
from common.tools.zoo.file_jobs import ReadFile
from common.tools.zoo.input_scaling import input_of_keras, scaling_of_keras

NPY = b"\x93NUMPY"
ZIP = b"PK\x03\x04"
LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF"  # written by torch.save before it wrote zips
# The end of a single-file TensorFlow checkpoint, as TF-Slim published them.
TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
STATE_DICT = "load it where it was made, and save its state_dict()"
MESSAGES = {".caffemodel": read_caffe, ".onnx": read_onnx}
READ_SECONDS = 300.0  # time limit for TensorFlow to read the largest file
PREFIX = "give the checkpoint's name without that ending"
KERAS = "load it in Keras, and call save_weights() with a name that ends in .weights.h5"
EXPORTED = ("/archive_format", "serialized_exported_program.json")  # of torch.export.save
OBJECTS = "/.ATTRIBUTES/VARIABLE_VALUE"  # ends the names in checkpoints of `tf.train.Checkpoint`

# What reading a damaged archive may raise.
UNSOUND_ZIP = (
    zipfile.BadZipFile, RuntimeError, EOFError, zlib.error, struct.error, UnicodeDecodeError,
    ValueError,
)  # fmt: skip

# Files that are not supported, by suffix or another key: a description, and what to do.
OTHER_KINDS = {
    ".npy": ("one NumPy array", "give a weights file"),
    ".t7": ("a Torch7 file", "save its arrays by name with safetensors, where it was made"),
    ".mlmodel": ("a Core ML model", "give the checkpoint that it was converted from"),
    "pt2": ("an exported program of PyTorch", "torch.export.load it, and save its state_dict"),
    "lfs": ("a Git LFS pointer, not the file itself", "run `git lfs pull`"),
    "html": ("a web page, not a file of weights", "download the file itself"),
    "saved": ("a TensorFlow SavedModel", KERAS),
    "objects": ("a TensorFlow checkpoint of objects, without the names of layers", KERAS),
    "text pickle": ("a pickle in text form", "unpickle it in Python, and save it with numpy.savez"),
    "shard": ("one of several shards", "give their index, whose name ends in .index.json"),
    ".pb": ("a frozen TensorFlow graph", "give the checkpoint that it was frozen from"),
    ".tflite": ("a TensorFlow Lite model", "give the checkpoint that it was made from"),
    ".meta": ("the graph of a TensorFlow checkpoint", PREFIX),
    ".index": ("the index of a TensorFlow checkpoint", PREFIX),
    ".pdmodel": ("Paddle's graph for inference", "give the .pdparams it was exported from"),
    ".pdiparams": ("Paddle's weights for inference", "give the .pdparams they were exported from"),
    ".tar": ("a tar archive", "unpack it, and give the file in it"),
    ".gz": ("a gzip archive", "unpack it, and give the file in it"),
    "data": ("a part of a TensorFlow checkpoint", "give its name up to .data"),
    "script": ("a TorchScript archive", "torch.jit.load it, and save its state_dict()"),
    "zip": ("a zip archive of unknown type", "give the weights file in it"),
    "empty": ("an empty file", "fetch or save it again"),
    "": (
        "an unsupported file type",
        "give .safetensors, .pth, .h5, .keras, .pdparams, .ckpt, .caffemodel or .onnx",
    ),
}


def read_file(path: Path) -> Contents:
    """The contents of a weights file; raises DataError if it is corrupt or unsupported."""
    if os.path.isfile(f"{path}.index") and not path.is_file():
        return read_checkpoint(path)
    if os.path.isfile(path / "saved_model.pb") or path.name == "saved_model.pb":
        raise refusal(path, "saved")
    budget = Budget(check_regular(path))
    try:
        with open(path, "rb") as file:
            start = file.read(512)
            file.seek(max(0, path.stat().st_size - len(TABLE_END)))
            end = file.read()
        return read_by_content(path, start, end, budget)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None


def read_by_content(path: Path, start: bytes, end: bytes, budget: Budget) -> Contents:
    """The contents of a file, whose type is found from its first and last bytes and its suffix."""
    if kind := text_kind(start):
        raise refusal(path, kind)
    if start and path.suffix in MESSAGES:  # Protocol Buffers have no magic number
        return read_soundly(path, lambda: MESSAGES[path.suffix](read_regular(path), budget))
    if start.startswith(b"\x89HDF"):
        arrays = read_hdf5(path, budget)
        return keras_contents(arrays, read_model_text(path))
    if start.startswith(ZIP):
        return read_zip(path, budget)
    if start.startswith(LEGACY_TORCH):
        return read_soundly(path, lambda: read_legacy_torch(read_regular(path), budget))
    if path.name.endswith(INDEX):
        return read_shards(path)
    if start[8:9] == b"{" or path.suffix == ".safetensors":
        if is_shard(path):
            raise refusal(path, "shard")
        return safetensors_file.read(path)
    if start.startswith(NPY) and b"|O'" in start:
        return read_soundly(path, lambda: read_npy_dict(read_regular(path), budget))
    if kind := other_kind(path, start):
        raise refusal(path, kind)
    if end == TABLE_END:
        return read_checkpoint(path)
    if start.startswith(b"\x80") or path.suffix == ".pdparams":
        return read_soundly(path, lambda: read_paddle(read_regular(path), budget))
    raise refusal(path, "")


def read_checkpoint(path: Path) -> Contents:
    """The arrays in a TensorFlow checkpoint, read by TensorFlow."""
    try:
        arrays = call(ReadFile(framework="tensorflow", path=str(path)), READ_SECONDS).arrays
    except CheckFailed as error:  # the worker crashed on the file, or hit the limit
        raise DataError(f"{path}: not a valid TensorFlow checkpoint ({error})") from None
    if any(name.endswith(OBJECTS) for name in arrays):
        raise refusal(path, "objects")
    return Contents({"": arrays})


def read_zip(path: Path, budget: Budget) -> Contents:
    """The arrays in a zip archive from `torch.save`, or in a `.keras` file."""
    try:
        with Archive(path, budget) as archive:
            if "model.weights.h5" in archive.names:
                arrays = read_hdf5(path, budget, archive.read("model.weights.h5"))
                described = "config.json" in archive.names
                text = archive.read("config.json") if described else b""
                return keras_contents(arrays, text.decode(errors="replace"))
            pickles = [n for n in archive.names if n.count("/") < 2 and n.endswith("data.pkl")]
            if not pickles or any("/code/" in name for name in archive.names):
                if archive.names and all(name.endswith(".npy") for name in archive.names):
                    return Contents({"": read_npz(archive)})
                raise refusal(path, zip_kind(archive.names, bool(pickles)))
            return read_soundly(path, lambda: read_torch_zip(path, archive, pickles[0], budget))
    except DataError as error:
        raise naming(path, error) from None
    except UNSOUND_ZIP as error:
        raise DataError(f"{path}: not a valid zip archive ({error})") from None


def keras_contents(arrays: Arrays, text: str) -> Contents:
    """The contents of a Keras file: its arrays and, from its model's JSON, how images are scaled.

    A text that is not sound is ignored, since the weights do not depend on it.
    """
    try:
        model = json.loads(text)
    except (ValueError, RecursionError):
        return Contents({"": arrays})
    about: dict[str, Any] = {}
    if size := input_of_keras(model):
        about["input"] = list(size)
    scaling = scaling_of_keras(model, arrays)
    if scaling is None:
        return Contents({"": arrays}, about)
    if scaling.preprocess:
        about["preprocess"] = scaling.preprocess
    own = {name: a for name, a in arrays.items() if name.partition("/")[0] not in scaling.names}
    return Contents({"": own}, about, [scaling.note])


def read_soundly(path: Path, read: Callable[[], Contents]) -> Contents:
    """The contents that `read` returns; raises DataError for a damaged file or no named arrays."""
    try:
        contents = read()
    except DataError as error:
        raise naming(path, error) from None
    except (LookupError, ValueError, TypeError, AttributeError, struct.error) as error:
        raise DataError(f"{path}: not a valid file of weights ({error})") from None
    if not contents.groups:
        kinds = [kind for names in contents.others.values() for kind in names.values()]
        held = kinds[0] if kinds else "nothing"
        raise DataError(f"{path}: holds {held} and no arrays by name; {STATE_DICT}")
    return contents


def naming(path: Path, error: DataError) -> DataError:
    """The error with the file's name in front of it."""
    return DataError(f"{path}: {str(error).removeprefix(f'{path}: ')}")


def zip_kind(names: list[str], pickled: bool) -> str:
    """The key in OTHER_KINDS of a zip archive that is not supported, from its members' names."""
    if any(name.endswith(EXPORTED) for name in names):
        return "pt2"
    return "script" if pickled else "zip"


def text_kind(start: bytes) -> str:
    """The key in OTHER_KINDS of a text file given instead of a weights file; "" if none."""
    if start.startswith(b"version https://git-lfs"):
        return "lfs"
    return "html" if start.lstrip().lower().startswith((b"<!doctype html", b"<html")) else ""


def other_kind(path: Path, start: bytes) -> str:
    """The key in OTHER_KINDS of a file that is not supported; "" if it may be supported."""
    if not start:
        return "empty"
    if ".data-" in path.name:
        return "data"
    if start.startswith(NPY):
        return ".npy"
    if start.startswith(b"\x1f\x8b"):
        return ".gz"
    if start[257:262] == b"ustar":
        return ".tar"
    if start.startswith((b"(lp", b"(dp")):
        return "text pickle"
    return path.suffix if path.suffix in OTHER_KINDS else ""


def refusal(path: Path, kind: str) -> DataError:
    """The error that says what a file is and what to do."""
    name, advice = OTHER_KINDS[kind]
    return DataError(f"{path}: {name}; {advice}")
