"""Files of other types are identified, and those that are only costly are refused in time."""

import pickle
import struct
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from checkpoints import check_holds
from conftest import planned, require, seeded

from common.errors import DataError
from common.files.pickled_arrays import strided
from common.tools.zoo.convert import convert
from common.tools.zoo.read_file import read_file
from common.tools.zoo.write_file import write_file


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.safetensors"


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 108857766\n"


def npy(value):
    """The bytes of a .npy file."""
    file = BytesIO()
    np.save(file, value, allow_pickle=True)
    return file.getvalue()


OTHER = {
    "a.npy": (npy(np.ones(3)), "one NumPy array; give a weights file"),
    "b.npy": (npy({"conv1": np.ones(3)}), "does not fit googlenet in format ours: "),
    "c.npy": (npy([{1}, 2]), "holds "),
    "d.npy": (npy({"conv1": 1})[:-4], "not a valid "),
    "a.t7": (b"\4\0\0\0\1\0\0\0\3\0\0\0V 1", "a Torch7 file"),
    "a.mlmodel": (b"\x08\x01\x12\x20", "a Core ML model"),
    "b.safetensors": (POINTER, "a Git LFS pointer, not the file itself; run `git lfs pull`"),
    "c.pth": (POINTER, "a Git LFS pointer"),
    "d.pth": (b"\n<!DOCTYPE html><html>", "a web page, not a file of weights; download the file"),
    "e.safetensors": (b"<HTML lang='en'>", "a web page"),
    "saved_model.pb": (b"\x08\x01", "a TensorFlow SavedModel; load it in Keras"),
    "net-00001-of-00002.safetensors": (b"", "one of several shards; give their index"),
    "a.caffemodel": (b"", "an empty file; fetch or save it again"),
    "b.caffemodel": (b"\n\tGoogleNet", "not a valid file of weights (no layer contains any"),
    "a.onnx": (b"\x08\x07", "not a valid file of weights (its graph contains no weights)"),
    "a.pb": (b"\n\x05", "a frozen TensorFlow graph"),
    "a.ckpt.meta": (b"\n\x05", "the graph of a TensorFlow checkpoint; give the checkpoint's name"),
    "a.ckpt.index": (b"\x00\x00", "the index of a TensorFlow checkpoint"),
    "a.ckpt.data-00000-of-00001": (b"\x00", "a part of a TensorFlow checkpoint"),
    "a.pdmodel": (b"\n\x05", "Paddle's graph for inference"),
    "a.pdiparams": (b"\x00\x00\x00\x00", "Paddle's weights for inference"),
    "a.pth.tar": (b"\0" * 257 + b"ustar\0" + b"\0" * 300, "a tar archive; unpack it"),
    "a.pth.gz": (b"\x1f\x8b\x08", "a gzip archive"),
    "a.pth": (b"", "an empty file; fetch or save it again"),
    "b.pth": (b"hello", "an unsupported file type"),
}


@pytest.mark.parametrize("name", OTHER)
def test_files_of_other_kinds_are_called_by_their_names(tmp_path, out, name):
    content, line = OTHER[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as error:
        convert(tmp_path / name, out, "googlenet")
    assert f"{name}: {line}" in str(error.value)
    assert "safetensors file" not in str(error.value)


@pytest.mark.parametrize("member", ["p/archive_format", "p/serialized_exported_program.json"])
def test_an_exported_program_is_called_by_its_name(tmp_path, out, member):
    with zipfile.ZipFile(tmp_path / "a.pt2", "w") as archive:
        archive.writestr(member, "pt2")
    with pytest.raises(DataError, match=r"a\.pt2: an exported program of PyTorch; torch\.export"):
        convert(tmp_path / "a.pt2", out, "googlenet")


def test_a_saved_model_is_called_by_its_name(tmp_path, out):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "saved_model.pb").write_bytes(b"\x08\x01")
    with pytest.raises(DataError, match=r"net: a TensorFlow SavedModel; load it in Keras"):
        convert(tmp_path / "net", out, "googlenet")


def test_a_checkpoint_of_objects_is_called_by_its_name(tmp_path, monkeypatch):
    names = {"net/layer-1/kernel/.ATTRIBUTES/VARIABLE_VALUE": np.ones(3, np.float32)}
    monkeypatch.setattr("common.tools.zoo.read_file.call", lambda *_: SimpleNamespace(arrays=names))
    (tmp_path / "net-1.index").write_bytes(b"\0")
    with pytest.raises(DataError, match=r"net-1: a TensorFlow checkpoint of objects"):
        read_file(tmp_path / "net-1")


def test_an_archive_of_numpy_arrays_is_read(tmp_path):
    arrays = {"a.weight": np.arange(6.0).reshape(2, 3), "b": np.array(3, np.int64)}
    arrays["c/d"] = np.asfortranarray(np.arange(6, dtype=np.float16).reshape(3, 2))
    for write in (np.savez, np.savez_compressed):
        write(tmp_path / "a.npz", **arrays)
        found = read_file(tmp_path / "a.npz").groups[""]
        assert found.keys() == arrays.keys()
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (npy({"a": 1}), "holds object, not numbers"),
        (npy(np.array(["a"])), "holds <U1, not numbers"),
        (npy(np.ones(9))[:-8], "8 numbers that do not match the declared shape"),
        (npy(np.ones(9)).replace(b"(9,)", b"(8,)"), "9 numbers that do not match"),
        (npy(np.ones(9)).replace(b"(9,)", b"9999"), "shape"),
        (npy(np.ones(9)).replace(b"(9,)", b"(9,("), "damaged header"),
        (b"hello", "magic string"),
    ],
    ids=["object", "text", "short", "long", "no shape", "open bracket", "no array"],
)
def test_a_damaged_archive_of_numpy_arrays_is_refused(tmp_path, content, line):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
    with pytest.raises(DataError, match=rf"a\.npz: not a valid zip archive \(.*{line}"):
        read_file(tmp_path / "a.npz")


def test_a_name_that_is_too_long_is_refused_as_it_is():
    with pytest.raises(DataError, match=r"^x{300}: cannot be read"):
        read_file(Path("x" * 300))


def test_nothing_is_likened_to_what_has_nothing_in_common(tmp_path, out):
    write_file(tmp_path / "a.safetensors", {"odd.one": np.ones(3, np.float32)})
    with pytest.raises(DataError) as error:
        convert(tmp_path / "a.safetensors", out, "googlenet")
    assert "looks most like" not in str(error.value)


def nested_tuples(depth):
    """A pickle whose key is a deeply nested tuple, which takes forever to hash."""
    twice = b"h\x00h\x00\x86q\x00"  # pairs the stored value with itself and stores the pair
    return b"\x80\x02}K\x01q\x00" + twice * depth + b"K\x02s."


@pytest.mark.parametrize(
    "content",
    [
        nested_tuples(60),
        nested_tuples(300_000),
        b"\x80\x02" + b"(" * 400_000 + b"t" * 400_000 + b".",
        pickle.dumps({f"k{number}": 0 for number in range(1_000_000)}),
    ],
    ids=["hash", "pairs", "deep", "keys"],
)
def test_pickles_that_only_cost_are_refused_in_time(tmp_path, out, content):
    (tmp_path / "x.pdparams").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.pdparams: (holds|it has too many parts|not a valid)"):
        convert(tmp_path / "x.pdparams", out, "googlenet")


def test_views_may_not_leave_their_storage():
    flat = np.arange(6)
    np.testing.assert_array_equal(strided(flat, 1, (2, 2), (1, 2)), [[1, 3], [2, 4]])
    for offset, size, stride in [(4, (3,), (1,)), (0, (2, 2), (5, 1)), (0, (2,), (-1,)),
                                 (0, (3, 3), (0, 0)), (-1, (1,), (1,))]:  # fmt: skip
        with pytest.raises(ValueError, match=r"a view of|whole numbers"):
            strided(flat, offset, size, stride)


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path, out):
    with zipfile.ZipFile(tmp_path / "x.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", b"\0" * 1_234_567)
    content = (tmp_path / "x.pth").read_bytes()
    larger = content.replace(struct.pack("<L", 1_234_567), struct.pack("<L", 300_000_000))
    (tmp_path / "x.pth").write_bytes(larger)
    with pytest.raises(DataError, match="its uncompressed size exceeds"):
        convert(tmp_path / "x.pth", out, "googlenet")


@pytest.mark.parametrize("suffix", [".safetensors", ".pdparams", ".pth", ".weights.h5"])
def test_bytes_that_were_changed_are_read_or_refused_in_one_line(tmp_path, suffix):
    """Any error other than a DataError is a bug in the reader."""
    if suffix == ".pth":
        require("pytorch")
    random = np.random.default_rng(7)
    arrays = {f"layer{n}.weight": random.standard_normal((8, 4)) for n in range(9)}
    path, broken = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    if suffix == ".weights.h5":
        named = {f"layer{n}/0": array for n, array in enumerate(arrays.values())}
        write_file(path, named, locations={name: f"layers/{name}" for name in named})
    else:
        write_file(path, arrays)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(150):
        cut = random.integers(1, len(whole)) if random.integers(2) else len(whole)
        content = whole[:cut].copy()
        content[random.integers(0, len(content), 4)] = random.integers(0, 256, 4)
        broken.write_bytes(content.tobytes())
        with suppress(DataError):
            read_file(broken)


def test_a_dict_that_numpy_pickled_is_read(tmp_path, out):
    plan = planned("googlenet.d2l", (96, 96), classes=4)
    arrays = seeded(plan)
    path = tmp_path / "w.npy"
    path.write_bytes(npy(arrays))
    convert(path, out, "googlenet.d2l")
    check_holds(out, arrays)
