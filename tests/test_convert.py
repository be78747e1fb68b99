"""Checkpoints of every kind in and out, bit for bit, and none that does what it should not."""

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import planned, require, seeded

from common import containers, weights, zoo
from common.convert import convert
from common.errors import DataError, UsageError

KINDS = {"pytorch": ".pth", "paddle": ".pdparams", "keras": ".weights.h5", "tensorflow": ".ckpt"}
SIZE = (96, 96)


def dialect(name):
    """A small network of that name with all its heads, its weights, and its layouts."""
    plan = planned(name, SIZE, aux=True, classes=7)
    return plan, seeded(plan)


def ours(tmp_path, name):
    """Those weights in a file."""
    plan, arrays = dialect(name)
    weights.write(tmp_path / "ours.safetensors", arrays, plan)
    return tmp_path / "ours.safetensors", arrays


PUBLISHED = [
    (name, layout.name, KINDS[layout.kind])
    for name in ("googlenet.d2l", "googlenet.paddle", "googlenet.paddle_vision", "googlenet.slim",
                 "googlenet.torchvision")
    for layout in zoo.layouts_for(name, None)
    if layout.name not in ("ours", "pytorch", "tensorflow", "paddle")
]  # fmt: skip
NATIVE = [
    (name, layout, KINDS[kind])
    for name in ("googlenet", "googlenet.slim", "googlenet.torchvision")
    for layout, kind in [("pytorch", "pytorch"), ("tensorflow", "keras"), ("paddle", "paddle")]
]


@pytest.mark.parametrize(("name", "layout", "suffix"), PUBLISHED + NATIVE)
def test_there_and_back_bit_for_bit(tmp_path, name, layout, suffix):
    for framework in {
        ".pth": ["pytorch"],
        ".ckpt": ["tensorflow"],
        ".weights.h5": ["tensorflow"],
    }.get(suffix, []):
        require(framework)
    source, arrays = ours(tmp_path, name)
    there, back, again = (
        tmp_path / f"x{suffix}",
        tmp_path / "back.safetensors",
        tmp_path / f"y{suffix}",
    )
    convert(source, there, name, None, layout)
    told = convert(there, back, name, None, None)
    assert told.startswith(name)
    found, about = weights.read(back)
    assert about["network"] == name
    assert found.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)
    convert(back, again, name, None, layout)
    one, _ = containers.read(there)
    other, _ = containers.read(again)
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[key], other[key]) for key in one)


def write_pickle(path, value):
    path.write_bytes(pickle.dumps(value, protocol=4))
    return path


def test_d2l_names():
    _, arrays = dialect("googlenet.d2l")
    names = zoo.layouts_for("googlenet.d2l", "d2l")[0].names(dialect("googlenet.d2l")[0])
    for mine, theirs in {
        "conv1.conv.weight": "0.0.weight",
        "conv3.conv.bias": "1.2.bias",
        "inception3a.branch2.0.conv.weight": "2.0.p2_1.weight",
        "inception4e.branch4.1.conv.weight": "3.4.p4_2.weight",
        "inception5b.branch1.conv.weight": "4.1.p1_1.weight",
        "fc.weight": "5.weight",
    }.items():
        assert mine in arrays
        assert names[mine] == theirs


def test_slim_names():
    plan, _ = dialect("googlenet.slim")
    names = zoo.layouts_for("googlenet.slim", "slim")[0].names(plan)
    for mine, theirs in {
        "conv1.conv.weight": "InceptionV1/Conv2d_1a_7x7/weights",
        "inception3a.branch2.0.conv.weight": "InceptionV1/Mixed_3b/Branch_1/Conv2d_0a_1x1/weights",
        "inception3a.branch3.1.bn.bias":
            "InceptionV1/Mixed_3b/Branch_2/Conv2d_0b_3x3/BatchNorm/beta",
        "inception5a.branch3.1.bn.running_var":
            "InceptionV1/Mixed_5b/Branch_2/Conv2d_0a_3x3/BatchNorm/moving_variance",
        "inception5b.branch3.1.bn.running_mean":
            "InceptionV1/Mixed_5c/Branch_2/Conv2d_0b_3x3/BatchNorm/moving_mean",
        "fc.weight": "InceptionV1/Logits/Conv2d_0c_1x1/weights",
        "fc.bias": "InceptionV1/Logits/Conv2d_0c_1x1/biases",
    }.items():  # fmt: skip
        assert names[mine] == theirs
    assert len(set(names.values())) == len(names)


def test_counters_are_carried_and_written_again(tmp_path):
    require("pytorch")
    _, arrays = dialect("googlenet.torchvision")
    counter = {"conv1.bn.num_batches_tracked": np.array(123)}
    containers.write(tmp_path / "a.pth", arrays | counter, "pytorch")
    convert(tmp_path / "a.pth", tmp_path / "b.safetensors", "googlenet.torchvision", None, None)
    convert(tmp_path / "b.safetensors", tmp_path / "c.pth", "googlenet.torchvision", None, None)
    found, _ = containers.read(tmp_path / "c.pth")
    assert found["conv1.bn.num_batches_tracked"] == 123
    assert found["conv1.bn.num_batches_tracked"].dtype == np.int64


def test_other_channels_classes_and_no_heads_are_recognised(tmp_path):
    require("tensorflow")
    plan = planned("googlenet.slim", (224, 224), classes=1001)
    weights.write(tmp_path / "w.safetensors", seeded(plan), plan)
    convert(tmp_path / "w.safetensors", tmp_path / "w.ckpt", "googlenet.slim", None, "slim")
    told = convert(tmp_path / "w.ckpt", tmp_path / "v.safetensors", "googlenet.slim", None, None)
    assert "1001 classes, of which class 0 is the background" in told
    features = planned("googlenet.torchvision", classes=0)
    weights.write(tmp_path / "w.safetensors", seeded(features), features)
    out = tmp_path / "w.pdparams"
    told = convert(tmp_path / "w.safetensors", out, "googlenet.torchvision", None, None)
    assert "no classifier" in told


def test_a_tutorials_copy_with_other_chains_is_recognised_and_kept(tmp_path):
    """The same network whose author put 4b to 4e in one chain and called the heads otherwise."""
    _, arrays = dialect("googlenet.paddle")
    [layout] = zoo.layouts_for("googlenet.paddle", "paddle_tutorial")
    names = layout.names(dialect("googlenet.paddle")[0])
    theirs = {names[key]: layout.outward(array) for key, array in arrays.items()}
    chains = {"inception4b": "inception_block4.0", "inception4c": "inception_block4.1",
              "inception4d": "inception_block4.2", "inception4e": "inception_block4.3",
              "out1": "aux_a", "out2": "aux_b", "out": "out3"}  # fmt: skip

    def called(key):
        first, _, rest = key.partition(".")
        return f"{chains.get(first, first)}.{rest}"

    copy = {called(key): array for key, array in theirs.items()}
    source = write_pickle(tmp_path / "a.pdparams", copy)
    convert(source, tmp_path / "b.safetensors", "googlenet.paddle", None, None)
    found, _ = weights.read(tmp_path / "b.safetensors")
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)
    out = tmp_path / "c.pdparams"
    convert(tmp_path / "b.safetensors", out, "googlenet.paddle", None, "paddle_tutorial")
    again, _ = containers.read(out)
    assert again.keys() == copy.keys()


def test_another_network_is_named(tmp_path):
    _, arrays = dialect("googlenet.paddle_vision")
    plan = dialect("googlenet.paddle_vision")[0]
    [layout] = zoo.layouts_for("googlenet.paddle_vision", "paddle_vision")
    names = layout.names(plan)
    theirs = {names[key]: layout.outward(array) for key, array in arrays.items()}
    source = write_pickle(tmp_path / "a.pdparams", theirs)
    with pytest.raises(DataError) as told:
        convert(source, tmp_path / "b.safetensors", "googlenet", None, None)
    assert "does not fit googlenet" in str(told.value)
    assert "looks most like googlenet.paddle_vision in the layout paddle_vision" in str(told.value)
    assert not (tmp_path / "b.safetensors").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda a: a.pop("conv1.conv.weight"), "1 missing, first conv1.conv.weight"),
        (lambda a: a.update({"odd.weight": np.ones(2, np.float32)}), "1 unknown, first odd.weight"),
        (lambda a: a.update({"conv2.conv.bias": np.ones(2, "f4")}), "first conv2.conv.bias is 2"),
        (lambda a: a.update({"conv2.conv.bias": np.full(64, np.nan, np.float32)}), "holds NaN"),
        (lambda a: a.update({"conv2.conv.bias": np.ones(64)}), "conv2.conv.bias is float64"),
    ],
    ids=range(5),
)  # fmt: skip
def test_what_does_not_fit_is_named_and_nothing_written(tmp_path, change, told):
    plan = planned("googlenet", SIZE, classes=7)
    arrays = seeded(plan)
    change(arrays)
    [layout] = zoo.layouts_for("googlenet", "paddle")
    source = write_pickle(
        tmp_path / "a.pdparams", {k: layout.outward(v) for k, v in arrays.items()}
    )
    with pytest.raises(DataError, match=told):
        convert(source, tmp_path / "b.safetensors", "googlenet", None, None)
    assert [file.name for file in tmp_path.iterdir()] == ["a.pdparams"]


class Payload:
    """What a hostile file would have run."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def hostile(tmp_path, suffix):
    """A file of each kind with a payload that would leave a mark, and the mark."""
    path, mark = tmp_path / f"bad{suffix}", tmp_path / "mark"
    if suffix == ".pth":
        torch = pytest.importorskip("torch")
        torch.save({"conv1.conv.weight": Payload(mark)}, path)
    elif suffix == ".h5":
        (tmp_path / "secret").write_bytes(np.ones(4, np.float32).tobytes())
        with h5py.File(path, "w") as file:
            outside = [(str(tmp_path / "secret"), 0, 16)]
            file.create_dataset("layers/conv2d/vars/0", (4,), "f4", external=outside)
    else:
        write_pickle(path, {"conv1.conv.weight": Payload(mark)})
    return path, mark


@pytest.mark.parametrize("suffix", [".pth", ".pdparams", ".h5"])
def test_hostile_files_are_refused_and_run_nothing(tmp_path, suffix):
    path, mark = hostile(tmp_path, suffix)
    with pytest.raises(DataError, match=r"refused|not an array of numbers"):
        convert(path, tmp_path / "out.safetensors", "googlenet", None, None)
    assert not mark.exists()
    assert not (tmp_path / "out.safetensors").exists()


def test_the_payload_would_have_left_its_mark(tmp_path):
    path, mark = hostile(tmp_path, ".pdparams")
    pickle.loads(path.read_bytes())
    assert mark.exists()


@pytest.mark.parametrize(
    "start", [b"", b"\x80", b"\x80\x04junk", b"PK\x03\x04junk", b"\x89HDF\r\n\x1a\n", b"hello"]
)
def test_broken_files_are_refused(tmp_path, start):
    (tmp_path / "x.pdparams").write_bytes(start)
    with pytest.raises(DataError, match=r"x\.pdparams: "):
        convert(tmp_path / "x.pdparams", tmp_path / "out.safetensors", "googlenet", None, None)


@pytest.mark.parametrize(
    "suffix", [".pth", ".pdparams", ".weights.h5", ".ckpt.data-00000-of-00001"]
)
def test_truncated_files_are_refused(tmp_path, suffix):
    require("tensorflow")
    require("pytorch")
    name = "googlenet.slim" if "ckpt" in suffix else "googlenet"
    source, _ = ours(tmp_path, name)
    path = tmp_path / ("x" + suffix.split(".data")[0])
    convert(source, path, name, None, None)
    whole = tmp_path / f"x{suffix}"
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DataError, match=r"x\."):
        convert(path, tmp_path / "out.safetensors", name, None, None)
    assert not (tmp_path / "out.safetensors").exists()


def test_impossible_wishes_are_refused(tmp_path):
    source, _ = ours(tmp_path, "googlenet")
    with pytest.raises(UsageError, match="googlenet has no layout 'slim'; there are: ours"):
        convert(source, tmp_path / "x.ckpt", "googlenet", None, "slim")
    with pytest.raises(UsageError, match="not published as a TensorFlow checkpoint"):
        convert(source, tmp_path / "x.ckpt", "googlenet", None, None)
    with pytest.raises(DataError, match="the name must end in one of"):
        convert(source, tmp_path / "x.bin", "googlenet", None, None)
    with pytest.raises(DataError, match="cannot be read"):
        convert(tmp_path / "gone.pth", tmp_path / "x.safetensors", "googlenet", None, None)
