"""A small sound file of every format that is read, by name; the fuzzer breaks them.

They are made without any framework. The arrays have names from a network, so that reading goes on
to matching.
"""

import gzip
import io
import json
import pickle
import struct
import tarfile
import zipfile

import h5py
import numpy as np

from common.files.caffe_files import write_caffe
from common.files.protobuf import encode, encode_varint
from common.files.safetensors_file import pack

ARRAYS = {
    "2.0.p1_1.weight": np.arange(12, dtype="f4").reshape(2, 6, 1, 1),
    "2.0.p1_1.bias": np.ones(64, "f4"),
    "2.0.p2_1.weight": np.ones((3, 2), "f8"),
    "5.weight": np.ones((4, 2), "f2"),
}
SHARDS = dict.fromkeys(ARRAYS, "a-00001-of-00002.safetensors")
ABOUT = {"network": "googlenet.d2l", "classes": 4, "aux": False, "input": [3, 96, 96], "format": 1}


def name(text):
    """A string in a pickle."""
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def number(value):
    """An integer of any size in a pickle."""
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def sequence(*items):
    """A tuple of pickled items."""
    return b"(" + b"".join(items) + b"t"


def call(made, *arguments):
    """A pickled call of `module name`."""
    module, own = made.split(" ")
    return f"c{module}\n{own}\n".encode() + sequence(*arguments) + b"R"


def tensor(key, count, shape, *, kind="torch FloatStorage", offset=0, stride=None):
    """A pickled PyTorch tensor on a storage."""
    module, own = kind.split(" ")
    parts = name("storage"), f"c{module}\n{own}\n".encode(), name(key), name("cpu"), number(count)
    strides = np.cumprod([1, *shape[:0:-1]])[::-1].tolist() if stride is None else stride
    sizes = (sequence(*map(number, each)) for each in (shape, strides))
    hooks = call("collections OrderedDict")
    storage = sequence(*parts) + b"Q"
    return call("torch._utils _rebuild_tensor_v2", storage, number(offset), *sizes, b"\x89", hooks)


def dictionary(items):
    """A complete pickle of a dict from names to pickled items."""
    return b"\x80\x02}(" + b"".join(name(key) + value for key, value in items.items()) + b"u."


def torch_zip(content, storages, method=zipfile.ZIP_STORED):
    """A file as `torch.save` writes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a/data.pkl", content)
        archive.writestr("a/byteorder", "little")
        for key, numbers in storages.items():
            archive.writestr(f"a/data/{key}", numbers)
    return file.getvalue()


def old_torch(content, storages):
    """The same in PyTorch's format from before the zips."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    rest = b"".join(struct.pack("<q", len(n) // 4) + n for n in storages.values())
    pickles = [pickle.dumps(value, protocol=2) for value in (*head, list(storages))]
    return b"".join(pickles[:3]) + content + pickles[3] + rest


def old_keras(file):
    """Writes Keras' names from before version 3: lists beside the arrays."""
    file.attrs["layer_names"] = np.array([b"conv2d_1", b"dense"])
    for layer in ("conv2d_1", "dense"):
        file.create_group(layer).attrs["weight_names"] = np.array([b"kernel:0", b"bias:0"])
        packed = {"compression": "gzip"} if layer == "dense" else {}
        file[layer].create_dataset("kernel:0", data=np.ones((3, 4), "f4"), **packed)
        file[layer]["bias:0"] = np.ones(4, "f4")


def new_keras(file):
    """Writes the names of version 3: each group has its own."""
    for place, array in {"conv/0": np.ones((1, 1, 2, 3)), "dense/0": np.ones((3, 4), "f2")}.items():
        layer, _, own = place.partition("/")
        file[f"layers/{layer}/vars/{own}"] = array
        file[f"layers/{layer}/vars"].attrs["name"] = layer


def hdf5(fill):
    """An HDF5 file, filled by `fill`, as bytes."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


def keras_archive(content):
    """A `.keras` archive with these weights."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3"}))
        archive.writestr("model.weights.h5", content)
    return file.getvalue()


def onnx():
    """A model with one weight in its graph."""
    sizes = b"".join(encode_varint(1 << 3) + encode_varint(size) for size in (2, 3))
    kind = encode_varint(2 << 3) + encode_varint(1)
    one = sizes + kind + encode(8, b"conv1/7x7_s2.weight") + encode(9, np.ones(6, "<f4").tobytes())
    return encode(2, b"googlenet-family") + encode(7, encode(5, one))


def saved(save, *arguments, **options):
    """The bytes that `save` writes to a file."""
    buffer = io.BytesIO()
    save(buffer, *arguments, **options)
    return buffer.getvalue()


def cifar():
    """An archive of CIFAR-100 for Python, with two images in each split."""
    batch = {b"data": np.zeros((2, 3072), "u1"), b"fine_labels": [0, 1], b"filenames": [b"a"] * 2}
    names = {b"fine_label_names": [b"apple", b"aquarium_fish"]}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file, value in {"train": batch, "test": batch, "meta": names}.items():
            content = pickle.dumps(value, protocol=2)
            member = tarfile.TarInfo(f"cifar-100-python/{file}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def mnist():
    """The arrays of Keras' `mnist.npz`."""
    images, labels = np.ones((3, 2, 2), "u1"), np.arange(3, dtype="u1")
    return {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}


def small_files():
    """The files' contents by name; a name's suffix determines how the file is read."""
    batch = np.ones((1, 3, 4, 4), "f4")
    storages = {"0": np.ones(12, "<f4").tobytes(), "1": np.ones(6, "<f4").tobytes()}
    state = {"2.0.p1_1.weight": tensor("0", 12, (2, 6, 1, 1)), "5.weight": tensor("1", 6, (3, 2))}
    named = {f"conv1/7x7_s2/{place}": array for place, array in enumerate(ARRAYS.values())}
    idx = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 3, 3) + bytes(18)
    return {
        "a.safetensors": pack(ARRAYS, ABOUT),
        "listed.h5": hdf5(old_keras),
        "named.h5": hdf5(new_keras),
        "a.keras": keras_archive(hdf5(new_keras)),
        "a.pth": torch_zip(dictionary(state), storages),
        "packed.pth": torch_zip(dictionary(state), storages, zipfile.ZIP_DEFLATED),
        "old.pth": old_torch(dictionary(state), storages),
        "a.pdparams": pickle.dumps({"model": ARRAYS, "epoch": 3}, protocol=4),
        "old.pdparams": pickle.dumps(ARRAYS, protocol=2),
        "list.pkl": pickle.dumps({"param values": list(ARRAYS.values())}, protocol=2),
        "a.caffemodel": write_caffe(named),
        "a.onnx": onnx(),
        "a.npy": saved(np.save, batch),
        "dict.npy": saved(np.save, ARRAYS, allow_pickle=True),
        "a.npz": saved(np.savez, x=batch, **ARRAYS),
        "a.safetensors.index.json": json.dumps({"weight_map": SHARDS}).encode(),
        "a.idx": idx,
        "a.idx.gz": gzip.compress(idx, mtime=0),
        "cifar.tar": cifar(),
        "cifar.tar.gz": gzip.compress(cifar(), mtime=0),
        "mnist.npz": saved(np.savez_compressed, **mnist()),
        "list.txt": b"a/1.png cat\na/2.png cat\nb 3.png dog\n/b/4.png dog\n",
    }
