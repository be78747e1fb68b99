"""Files that are sound except for one hostile field: a length, shape, type, name or nesting."""

import io
import json
import struct
import warnings
import zipfile

import h5py
import numpy as np
from small_files import (
    ABOUT,
    ARRAYS,
    call,
    dictionary,
    hdf5,
    keras_archive,
    name,
    number,
    old_torch,
    sequence,
    tensor,
    torch_zip,
)

from common.files.protobuf import encode, encode_varint
from common.files.safetensors_file import pack

NUMBERS = [0, 1, -1, 3, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64,
           10**30, -(2**63), 2**900]  # fmt: skip
NAMES = ["", "a" * 999, "a" * 70_000, "\x1b]0;T\x07\x1b[31m", "\0", "..", "../../x", "/etc/passwd",
         "a/b/c", "__class__", "é" * 500, "a." * 450, "a.b", "conv1.conv.weight",
         "/", "."]  # fmt: skip
CALLS = ["posix system", "builtins eval", "builtins exec", "os popen", "subprocess Popen",
         "pathlib Path", "numpy ndarray", "torch.storage _load_from_bytes",
         "x " + "y" * 5000]  # fmt: skip
MARK, FIFO = "hostile-mark", "fifo"  # what a payload would create, and what a link leads to
DEEP = 3_000


def doubled(depth):
    """A tuple of 2^depth elements, in three bytes for each doubling."""
    return number(1) + b"2\x86" * depth


def nested(depth):
    """A tuple nested `depth` times."""
    return number(1) + b"\x85" * depth


def picklings(draw):
    """A pickled value to use in place of a valid one."""
    return draw.choice([
        number(draw.choice(NUMBERS)), name(draw.choice(NAMES)), doubled(60), nested(DEEP), b"N",
        b"]", b"}", b"\x88", b"G" + struct.pack(">d", float("nan")), b"C\x04abcd", b")",
        sequence(*[number(2**62)] * 40), sequence(number(draw.choice(NUMBERS))),
        b"B" + struct.pack("<I", 1 << 20) + bytes(1 << 20), number(7) * 50 + b"0" * 49,
        call(draw.choice(CALLS), name(f"touch {MARK}")), name(f"touch {MARK}"),
    ])  # fmt: skip


def hostile_numpy(draw):
    """A `.pdparams` with one part of an array replaced."""
    data = [b"C\x08" + bytes(8), call("numpy dtype", name("f4")), sequence(number(2)), name("C")]
    place = draw.randrange(6)
    if place < 4:
        data[place] = picklings(draw)
    array = call("numpy.core.numeric _frombuffer", *data)
    if place == 4:
        array = picklings(draw)
    if place == 5:  # an array that `_reconstruct` builds
        state = [number(1), sequence(number(2)), data[1], b"\x89", b"C\x08" + bytes(8)]
        state[draw.randrange(5)] = picklings(draw)
        array = call("numpy.core.multiarray _reconstruct") + sequence(*state) + b"b"
    return "x.pdparams", dictionary({draw.choice(NAMES) or "a": array, "5.weight": array})


def hostile_tensor(draw):
    """A `.pth`, in the current or the old format, with one part of a tensor replaced."""
    parts = [b"storage", b"FloatStorage", name("0"), name("cpu"), number(12), number(2) + number(6)]
    made = tensor("0", 12, (2, 6))
    if draw.randrange(2):
        made = made.replace(draw.choice(parts[2:]), picklings(draw), 1)
    else:
        sizes = [draw.choice(NUMBERS) for _ in range(draw.choice([0, 1, 2, 40]))]
        strides = [draw.choice(NUMBERS) for _ in sizes]
        offset, count = draw.choice(NUMBERS), draw.choice(NUMBERS)
        made = tensor("0", count, sizes, offset=offset, stride=strides)
    many = draw.choice([1, 1, 1, 2_000]) if len(made) < 5_000 else 1
    content = dictionary({f"w{place}": made for place in range(many)})
    storages = {"0": bytes(48)}
    if draw.randrange(2):
        return "x.pth", torch_zip(content, storages, zipfile.ZIP_DEFLATED)
    old = old_torch(content, storages)
    count = struct.pack("<q", draw.choice([n for n in NUMBERS if -(2**63) <= n < 2**63]))
    return "x.pth", old.replace(struct.pack("<q", 12), count) if draw.randrange(2) else old


def json_values(draw):
    """A JSON value to use in place of a valid one."""
    deep = [[]]
    for _ in range(draw.choice([1, 100, 900])):
        deep = [deep]
    values = [
        None,
        True,
        1.5,
        float("nan"),
        "text",
        [],
        {},
        {"a": {}},
        deep,
        [1] * 50,
        ["googlenet"],
    ]
    return draw.choice([*values, draw.choice(NUMBERS[:-1]), draw.choice(NAMES),
                        [draw.choice(NUMBERS[:-1]) for _ in range(3)]])  # fmt: skip


def hostile_safetensors(draw):
    """A `.safetensors` with one field of its header or metadata replaced."""
    content = pack(ARRAYS, ABOUT)
    length = int.from_bytes(content[:8], "little")
    header, rest = json.loads(content[8 : 8 + length]), content[8 + length :]
    place = draw.randrange(5)
    if place == 0:
        key = draw.choice([*ABOUT, "preprocess", "carried", "x"])
        header["__metadata__"]["googlenet"] = json.dumps(ABOUT | {key: json_values(draw)})
    elif place == 1:
        header["__metadata__"] = json_values(draw)
    elif place == 2:
        header["5.weight"][draw.choice(["dtype", "shape", "data_offsets"])] = json_values(draw)
    elif place == 3:
        header[draw.choice(NAMES)] = header.pop("5.weight")
    text = json.dumps(header).encode()
    length = draw.choice([n for n in NUMBERS if 0 <= n < 2**64]) if place == 4 else len(text)
    return "x.safetensors", struct.pack("<Q", length) + text + rest


def hostile_hdf5(draw):
    """A Keras file with a hostile dataset, attribute, link or depth."""
    place = draw.randrange(7)
    values = [5, "text", ["a"], [b"\xff"], [["a"]], h5py.Empty("f4"), np.zeros(3), "a" * 30_000,
              np.array([b"a"] * 4000), np.array(["a" * 900], object)]  # fmt: skip

    def fill(file):
        layer = file.create_group("layers/a/vars")
        layer.attrs["name"] = draw.choice(values) if place == 0 else draw.choice(NAMES).strip("\0")
        if place == 1:
            file.attrs["layer_names"] = draw.choice(values)
            file.create_group("a").attrs["weight_names"] = draw.choice(values)
        shape = draw.choice([(), (0,), (1 << 31,), (1 << 20, 1 << 20), (1,) * 32, (2, 3)])
        kind = draw.choice(["f4", ">f2", "S5", "?", "u8", h5py.vlen_dtype("f4"), h5py.ref_dtype,
                            [("a", "f4")]])  # fmt: skip
        chunks = draw.choice([None, True]) if shape and 0 not in shape else None
        layer.create_dataset("0", shape, kind, chunks=chunks)
        if place == 2:
            link = draw.choice([h5py.SoftLink("/layers"), h5py.ExternalLink("/dev/zero", "/"),
                                h5py.ExternalLink(FIFO, "/")])  # fmt: skip
            file[draw.choice(["model_weights", "a", "layers/b", "layers/a/vars/1"])] = link
        if place == 3:
            group = file
            for _ in range(1500):
                group = group.create_group("g")
            group["0"] = 1.0
        if place == 4:
            layer["loop"], layer["1"] = layer, layer["0"]

    content = hdf5(fill)
    return ("x.keras", keras_archive(content)) if place == 5 else ("x.h5", content)


def hostile_zip(draw):
    """A zip with wrong members, methods, lengths or names."""
    content = dictionary({"w": tensor("0", 12, (2, 6))})
    method = draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("a/data.pkl", content)
        archive.writestr(f"a/{draw.choice(NAMES)[:60_000]}", bytes(draw.choice([0, 48, 1 << 24])))
        archive.writestr(draw.choice(["a/data/0", "a/data.pkl", "model.weights.h5"]), bytes(48))
        for member in range(draw.choice([0, 0, 20_000])):
            archive.writestr(f"a/{member}", b"")
    raw = bytearray(file.getvalue())
    entry = raw.find(b"PK\x01\x02")
    place, size = draw.choice([(8, 2), (10, 2), (20, 4), (24, 4), (42, 4), (28, 2)])
    value = draw.choice([n for n in NUMBERS if 0 <= n < 1 << 8 * size])
    raw[entry + place : entry + place + size] = value.to_bytes(size, "little")
    return "x.pth", bytes(raw)


def hostile_message(draw):
    """A `.caffemodel` or `.onnx` with hostile sizes, names, lengths or repetitions."""
    sizes = b"".join(encode_varint(n % 2**64) for n in draw.choices(NUMBERS, k=draw.choice([1, 3])))
    sizes = draw.choice([sizes, sizes, b"\x01" * 200_000])
    label = draw.choice(NAMES).encode()
    many = draw.choice([1, 1, 50, 20_000]) if len(sizes + label) < 200 else 1
    if draw.randrange(2):
        blob = encode(5, bytes(8)) + encode(7, encode(1, sizes))
        layer = encode(1, label) + encode(7, blob) * many
        return "x.caffemodel", encode(100, layer) * draw.choice([1, 3])
    one = encode(1, sizes) + b"\x10\x01" + encode(8, label) + encode(9, bytes(8))
    return "x.onnx", encode(7, encode(5, one) * many)


def hostile_npy(draw):
    """A `.npy` with one wrong entry in its header."""
    values = [str(draw.choice(NUMBERS)), repr(draw.choice(NAMES)[:5000]), "[" * 500 + "]" * 500,
              f"({draw.choice(NUMBERS)},)", f"({draw.choice(NUMBERS)}, 2, 3, 3)", "'|O'", "'<f4'",
              "[('a', '<f4')]", "__import__('os')", "None"]  # fmt: skip
    parts = {"descr": "'<f4'", "fortran_order": "False", "shape": "(1, 3, 4, 4)"}
    parts[draw.choice(list(parts))] = draw.choice(values)
    header = ("{" + ", ".join(f"'{key}': {part}" for key, part in parts.items()) + "}\n").encode()
    length = draw.choice([len(header)] * 3 + [0, 2**31])
    return "x.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", length) + header + bytes(192)


KINDS = [hostile_numpy, hostile_tensor, hostile_safetensors, hostile_hdf5, hostile_zip,
         hostile_message, hostile_npy]  # fmt: skip


def hostile_file(draw):
    """The name and content of a random hostile file."""
    return draw.choice(KINDS)(draw)
