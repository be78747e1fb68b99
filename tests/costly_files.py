"""Small files that would be far too costly to read, and part of the error message for each."""

import struct
import zipfile
import zlib

import h5py
import numpy as np
from hostile_files import DEEP, doubled, nested
from small_files import (
    call,
    dictionary,
    hdf5,
    name,
    new_keras,
    number,
    old_torch,
    sequence,
    tensor,
    torch_zip,
)

from common.files.protobuf import encode

TOO_MUCH, TOO_LONG, TOO_MANY = "its uncompressed size exceeds", "too many parts", "arrays, too many"


def numpy_array(*parts):
    """A `.pdparams` file of an array with these parts: data, type, shape, order."""
    return dictionary({"a": call("numpy.core.numeric _frombuffer", *parts)})


FOUR, KIND, ORDER = b"C\x04abcd", call("numpy dtype", name("f4")), name("C")
DOUBLED_KIND = call("numpy dtype", doubled(60))
MODULE = b"cm\nM\n)R}("


def module(inner):
    """A pickled PyTorch module that contains these modules."""
    kinds = name("_parameters") + b"}" + name("_buffers") + b"}" + name("_modules") + b"}("
    return MODULE + kinds + b"".join(name(n) + value for n, value in inner) + b"uub"


def doubling(count):
    """Modules, each of which holds the previous one twice."""
    content = b"\x80\x04" + module([]) + b"q\x000"
    for _ in range(count):
        content += module([("a", b"h\x00"), ("b", b"h\x00")]) + b"q\x000"
    return content + b"h\x00."


def unallocated(file):
    """A dataset of 3 GB for which no space is allocated."""
    file.create_dataset("layers/a/vars/0", (3 << 28,), "f4")
    file["layers/a/vars"].attrs["name"] = "a"


def large_chunk(file):
    """A dataset of four numbers in a chunk of 3 GB."""
    file.create_dataset("layers/a/vars/0", (4,), "f4", maxshape=(None,), chunks=(3 << 28,))
    file["layers/a/vars"].attrs["name"] = "a"


def same_array(file):
    """One array under 2,000 names."""
    file.attrs["layer_names"] = np.array([b"l%d" % count for count in range(2000)])
    file["l0/k"] = np.ones(1 << 17, np.float32)
    file["l0"].attrs["weight_names"] = np.array([b"k"] * 2000)


def long_texts(file):
    """A list of one name of nearly a megabyte and 3,000 short names."""
    names = np.array(["b" * 900_000] + ["c"] * 3000, object)
    file.attrs.create("layer_names", names, dtype=h5py.string_dtype())


def repeated(content):
    """That file with every name replaced by the first."""
    raw = bytearray(content)
    first = raw.find(struct.pack("<I", 900_000))
    for place in range(first, first + 16 * 3000, 16):
        raw[place : place + 16] = raw[first : first + 16]
    return bytes(raw)


def endless(content):
    """That file with an object of size zero, followed by itself, in its heap of texts."""
    raw = bytearray(content)
    place = raw.find(b"GCOL") + 16
    raw[place : place + 16] = bytes(16)
    return bytes(raw)


def bomb(file):
    """A chunk of 4 KB that unpacks to 100 MB."""
    data = file.create_dataset("layers/a/vars/0", (1024,), "f4", chunks=(1024,), compression="gzip")
    file["layers/a/vars"].attrs["name"] = "a"
    data.id.write_direct_chunk((0,), zlib.compress(bytes(100 << 20)))


def to_a_pipe(file):
    """A layer in an external file, which is a pipe."""
    file.attrs["layer_names"] = ["a"]
    file["a"] = h5py.ExternalLink("fifo", "/")


def deep_groups(file):
    """Groups nested 600 deep."""
    for _ in range(600):
        file = file.create_group("g")
    file["0"] = 1.0


STORAGE = sequence(name("storage"), b"ctorch\nFloatStorage\n", doubled(60), name("cpu"), number(1))
VIEWS = {f"w{count}": tensor("0", 1 << 20, (1 << 20,)) for count in range(100)}
PACKED = zipfile.ZIP_DEFLATED
COSTLY = {
    "name.pdparams": (b"\x80\x04" + doubled(60) + name("x") + b"\x93.", "a name that is not"),
    "type.pdparams": (numpy_array(FOUR, DOUBLED_KIND, b")", ORDER), "no arrays"),
    "shape.pdparams": (numpy_array(FOUR, KIND, doubled(60), ORDER), "not of at most 32"),
    "axes.pdparams": (numpy_array(FOUR, KIND, sequence(*[number(9)] * 99), ORDER), "at most 32"),
    "deep.pdparams": (dictionary({"a": nested(DEEP)}), "holds tuple and no arrays"),
    "pairs.pdparams": (dictionary({"a": name("a") * 999 + number(1) + b"\x86" * 999}), "no arrays"),
    "modules.pdparams": (doubling(60), TOO_LONG),
    "list.pdparams": (b"\x80\x04cx\ny\n](" + b"N" * 999 + b"eR.", "the arguments are not a tuple"),
    "key.pth": (torch_zip(dictionary({"a": call(
        "torch._utils _rebuild_tensor_v2", STORAGE + b"Q", number(0), b")", b")")}), {}),
        "a name that is not"),
    "views.pth": (torch_zip(dictionary(VIEWS), {"0": bytes(4 << 20)}, PACKED), TOO_MUCH),
    "count.pth": (old_torch(dictionary({"a": tensor("0", 4, (2, 2))}), {"0": bytes(16)}).replace(
        struct.pack("<q", 4), struct.pack("<q", 2**62)), "beyond the file"),
    "unallocated.h5": (hdf5(unallocated), TOO_MUCH),
    "chunk.h5": (hdf5(large_chunk), TOO_MUCH),
    "names.h5": (hdf5(same_array), TOO_MUCH),
    "texts.h5": (repeated(hdf5(long_texts)), "memory allocation failed for VL data"),
    "heap.h5": (endless(hdf5(new_keras)), "unterminated heap"),
    "bomb.h5": (hdf5(bomb), TOO_MUCH),
    "pipe.h5": (hdf5(to_a_pipe), "no arrays named after layers"),
    "deep.h5": (hdf5(deep_groups), "a name that is not a string of at most 1000"),
    "fields.caffemodel": (b"\x18\x01" * 20_001, TOO_LONG),
    "sizes.caffemodel": (encode(100, encode(7, encode(5, bytes(4)) + encode(
        7, encode(1, b"\x01" * 5_000_000)))), "at most 32"),
}  # fmt: skip
