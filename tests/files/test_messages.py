"""Caffe models and ONNX weights are read in every form; unsound ones are refused cheaply."""

import struct
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from checkpoints import check_holds, read_arrays, variant
from conftest import planned, require, seeded

from common.errors import DataError, UsageError
from common.files import weights
from common.files.budget import Budget
from common.files.caffe_files import read_caffe, write_caffe
from common.files.protobuf import encode, encode_varint
from common.tools.zoo.convert import convert
from common.tools.zoo.formats import FORMATS
from common.tools.zoo.read_file import read_file

PLAN, ARRAYS = variant("googlenet.caffe")


def number(field, value):
    """A field that holds an integer."""
    return encode_varint(field << 3) + encode_varint(value)


def one_by_one(field, array):
    """A field of numbers that are not packed."""
    tag = encode_varint(field << 3 | (5 if field == 5 else 1))
    return b"".join(tag + struct.pack("<f" if field == 5 else "<d", n) for n in array.ravel())


def old_blob(array, data=None):
    """A blob in the format used before 2014: four sizes, the last of them the array's."""
    sizes = (*(1,) * (4 - array.ndim), *array.shape)
    data = encode(5, array.tobytes()) if data is None else data
    return b"".join(number(place, size) for place, size in enumerate(sizes, 1)) + data


def new_blob(array):
    """A blob with unpacked sizes, as batch norm has: two axes instead of one."""
    return encode(7, b"".join(number(1, size) for size in (1, *array.shape))) + encode(
        8, array.astype(np.float64).tobytes()
    )


def old_net(arrays):
    """A net in the first version of the format, with two layers that hold no numbers."""
    layers = {}
    for name, array in arrays.items():
        layers.setdefault(name.rpartition("/")[0], []).append(encode(6, old_blob(array)))
    empty = encode(2, encode(4, b"data") + number(5, 12))
    made = (encode(2, encode(4, name.encode()) + b"".join(b)) for name, b in layers.items())
    return encode(1, b"GoogleNet") + empty + empty + b"".join(made)


def caffes(name="googlenet.caffe", format="caffe"):
    """A network's arrays under the names of this checkpoint format."""
    [found] = [each for each in FORMATS if each.name == format and each.fits(name)]
    plan, arrays = variant(name)
    return found.to_layout(plan, arrays)


def test_a_net_of_the_first_version_is_read_with_its_heads(tmp_path):
    """bvlc_googlenet.caffemodel has this format."""
    (tmp_path / "a.caffemodel").write_bytes(old_net(caffes()))
    line, _ = convert(tmp_path / "a.caffemodel", tmp_path / "b.safetensors", "googlenet.caffe")
    assert "from caffe to ours: 7 classes, with heads" in line
    check_holds(tmp_path / "b.safetensors", ARRAYS)


def test_there_and_back_is_the_same_file(tmp_path):
    first, ours, again = (tmp_path / name for name in ("a.caffemodel", "b.pth", "c.caffemodel"))
    require("pytorch")
    first.write_bytes(write_caffe(caffes()))
    convert(first, ours, "googlenet.caffe")
    convert(ours, again, "googlenet.caffe")
    assert again.read_bytes() == first.read_bytes()
    # The paper's network has the same arrays.
    convert(again, tmp_path / "d.safetensors", "googlenet.paper")
    check_holds(tmp_path / "d.safetensors", ARRAYS)


def test_batch_norms_blobs_with_further_axes_are_read(tmp_path):
    """Caffe's BN layers store 1 x channels or 1 x channels x 1 x 1."""
    plan = planned("inception_v2.caffe", (96, 96), classes=7)
    arrays = seeded(plan)
    [found] = [each for each in FORMATS if each.name == "caffe" and each.fits(plan.spec.name)]
    theirs = found.to_layout(plan, arrays)
    for name, array in theirs.items():
        if "_bn/" in name:
            theirs[name] = array[None] if name.endswith("0") else array[None, :, None, None]
    (tmp_path / "a.caffemodel").write_bytes(write_caffe(theirs))
    convert(tmp_path / "a.caffemodel", tmp_path / "b.safetensors", "inception_v2.caffe")
    check_holds(tmp_path / "b.safetensors", arrays)


A, B = np.arange(6, dtype=np.float32).reshape(2, 3) / 7, np.array([0.25], np.float32)


@pytest.mark.parametrize(
    ("blob", "expected"),
    [
        (old_blob(A), A[None, None]),
        (old_blob(A, one_by_one(5, A)), A[None, None]),
        (old_blob(A, one_by_one(8, A)), A[None, None].astype(np.float64)),
        (new_blob(A), A[None].astype(np.float64)),
        (new_blob(B), B[None].astype(np.float64)),
    ],
    ids=["packed", "one by one", "doubles one by one", "doubles", "a single number"],
)
def test_every_form_of_a_blob(blob, expected):
    found = read_caffe(encode(100, encode(1, b"x") + encode(7, blob)), Budget(0)).groups[""]
    assert list(found) == ["x/0"]
    assert found["x/0"].dtype == expected.dtype
    np.testing.assert_array_equal(found["x/0"], expected)


def layer(blob):
    return encode(100, encode(1, b"x") + encode(7, blob))


HUGE = encode_varint(5 << 3 | 2) + encode_varint(8 << 30)
DEEP = b"".join(encode_varint(n << 3 | 2) + encode_varint(10**6) for n in [100, 7] * 10**5)
UNSOUND = {
    "a length of gigabytes": (layer(HUGE), r"expected \d+ bytes, found 0"),
    "a shape of gigabytes": (
        layer(number(1, 2**62) + number(2, 9)),
        "do not match the declared shape",
    ),
    "another shape": (layer(old_blob(A) + number(1, 5)), "do not match the declared shape"),
    "too many axes": (layer(encode(7, encode(1, b"\1" * 99)) + one_by_one(5, B)), "at most 32"),
    "half a number": (layer(encode(5, b"abc")), "multiple of element size"),
    "deep nesting": (DEEP, r"expected \d+ bytes, found"),
    "a group": (b"\x0b\x0c", "a field of kind 3"),
    "field 0": (b"\x00\x01", "a field 0"),
    "a number without end": (b"\x08" + b"\xff" * 20, "unterminated varint"),
    "a number for a layer": (number(100, 5), "expected bytes, found an integer"),
    "a name that is none": (encode(100, encode(1, b"\xff") + encode(7, old_blob(A))), "utf-8"),
    "two layers of one name": (layer(old_blob(A)) * 2, "duplicate layer name x"),
    "the text of a net": (b'name: "GoogleNet"\nlayer {\n}\n', "a field of kind 6"),
    "no numbers": (encode(1, b"GoogleNet"), "no layer contains any weights"),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_the_unsound_is_refused_in_a_line_for_little_memory(tmp_path, name):
    content, told = UNSOUND[name]
    path, out = tmp_path / "x.caffemodel", tmp_path / "out.safetensors"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(DataError, match=rf"x\.caffemodel: not a valid file of weights \(.*{told}"):
        convert(path, out, "googlenet.caffe")
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert not out.exists()


@pytest.mark.parametrize("suffix", [".caffemodel", ".onnx"])
def test_whatever_bytes_are_changed_it_is_read_or_refused_in_one_line(tmp_path, suffix):
    random = np.random.default_rng(9)
    arrays = {f"layer{n}/0": random.standard_normal((8, 4)).astype(np.float32) for n in range(9)}
    tensors = (
        encode(5, b"".join(number(1, size) for size in array.shape) + number(2, 1)
               + encode(8, name.encode()) + encode(9, array.tobytes()))
        for name, array in arrays.items()
    )  # fmt: skip
    whole = old_net(arrays) if suffix == ".caffemodel" else encode(7, b"".join(tensors))
    path = tmp_path / f"x{suffix}"
    path.write_bytes(whole)
    assert read_arrays(path).keys() == arrays.keys()
    places = [at for at in range(len(whole)) if not 32 <= at % 130 < 110]
    read = 0
    for _ in range(1500):
        cut = random.integers(1, len(whole)) if random.integers(4) == 0 else len(whole)
        content = np.frombuffer(whole[:cut], np.uint8).copy()
        near = [at for at in places if at < cut]
        content[random.choice(near, 2)] = random.integers(0, 256, 2)
        path.write_bytes(content.tobytes())
        with suppress(DataError):
            read += bool(read_file(path).groups)
    assert 0 < read < 1500


def test_another_networks_model_is_named(tmp_path):
    arrays = caffes()
    arrays["conv1/7x7_s2/0"] = arrays["conv1/7x7_s2/0"][:, :, :5, :5]
    (tmp_path / "a.caffemodel").write_bytes(write_caffe(arrays))
    out = tmp_path / "b.safetensors"
    with pytest.raises(DataError, match=r"1 with a wrong shape, first conv1/7x7_s2/0 is 64x3x5x5"):
        convert(tmp_path / "a.caffemodel", out, "googlenet.caffe")
    with pytest.raises(DataError, match=r"looks most like googlenet\.(paper|caffe) in format caf"):
        convert(tmp_path / "a.caffemodel", out, "inception_v3")


def test_a_model_is_written_only_of_what_caffe_publishes(tmp_path):
    plan, arrays = variant("googlenet")
    weights.write(tmp_path / "a.safetensors", arrays, plan)
    out = tmp_path / "b.caffemodel"
    with pytest.raises(UsageError, match="googlenet is not published as a Caffe model"):
        convert(tmp_path / "a.safetensors", out, "googlenet")
    with pytest.raises(UsageError, match="the format tutorial and a caffe file cannot be combined"):
        convert(tmp_path / "a.safetensors", out, "googlenet", asked_to="tutorial")
    convert(tmp_path / "a.safetensors", out, "googlenet", asked_to="caffe")
    assert read_arrays(out).keys() == caffes().keys()


def test_the_onnx_model_zoos_names_and_our_own_exports_are_read(tmp_path):
    require("onnx")
    import onnx

    from common.tools.onnx.build_onnx import build

    path, out = tmp_path / "a.onnx", tmp_path / "b.safetensors"
    theirs = caffes(format="onnx_zoo")
    assert {"conv1/7x7_s2_w_0", "inception_5b/pool_proj_b_0", "loss3/classifier_w_0"} <= set(theirs)
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in theirs.items()]
    tensors.append(onnx.numpy_helper.from_array(np.array([1, 1024]), "OC2_DUMMY_1"))
    graph = onnx.helper.make_graph([], "googlenet", [], [], tensors)
    onnx.save(onnx.helper.make_model(graph), path)
    assert "from onnx_zoo to ours" in convert(path, out, "googlenet.caffe")[0]
    check_holds(out, ARRAYS)
    onnx.save(build(PLAN, ARRAYS)[0], path)
    assert "from ours to ours" in convert(path, out, "googlenet.caffe")[0]
    check_holds(out, ARRAYS)
    with pytest.raises(DataError, match=r"its metadata names googlenet\.caffe, not googlenet$"):
        convert(path, out, "googlenet")
    for tensor in graph.initializer:
        tensor.data_location = onnx.TensorProto.EXTERNAL
    path.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    with pytest.raises(DataError, match="its weights are stored in an external data file"):
        convert(path, out, "googlenet.caffe")
