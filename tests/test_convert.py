"""Checkpoints of every kind in and out, bit for bit, and none that does what it should not."""

import pickle
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import native, planned, require, seeded

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


# What the published code calls them: torchvision 0.24, timm 1.0, TF-Slim.
FAMILY_NAMES = {
    ("inception_v3", "torchvision"): {
        "Conv2d_1a_3x3.bn.running_var": "Conv2d_1a_3x3.bn.running_var",
        "Mixed_5b.branch_pool.proj.conv.weight": "Mixed_5b.branch_pool.conv.weight",
        "Mixed_5d.branch5x5.2.bn.bias": "Mixed_5d.branch5x5_2.bn.bias",
        "Mixed_6a.branch3x3.conv.weight": "Mixed_6a.branch3x3.conv.weight",
        "Mixed_6e.branch7x7dbl.5.bn.weight": "Mixed_6e.branch7x7dbl_5.bn.weight",
        "Mixed_7a.branch7x7x3.4.conv.weight": "Mixed_7a.branch7x7x3_4.conv.weight",
        "Mixed_7c.branch3x3.2.a.conv.weight": "Mixed_7c.branch3x3_2a.conv.weight",
        "Mixed_7c.branch3x3dbl.3.b.conv.weight": "Mixed_7c.branch3x3dbl_3b.conv.weight",
        "AuxLogits.conv1.conv.weight": "AuxLogits.conv1.conv.weight",
    },
    ("inception_v4", "timm"): {
        "Conv2d_2b_3x3.conv.weight": "features.2.conv.weight",
        "Mixed_3a.conv.conv.weight": "features.3.conv.conv.weight",
        "Mixed_4a.branch1.3.bn.weight": "features.4.branch1.3.bn.weight",
        "Mixed_5e.branch3.1.conv.weight": "features.9.branch3.1.conv.weight",
        "Mixed_6a.branch0.conv.weight": "features.10.branch0.conv.weight",
        "Mixed_6h.branch2.4.bn.bias": "features.17.branch2.4.bn.bias",
        "Mixed_7a.branch1.3.conv.weight": "features.18.branch1.3.conv.weight",
        "Mixed_7b.branch1.0.conv.weight": "features.19.branch1_0.conv.weight",
        "Mixed_7b.branch1.1.a.conv.weight": "features.19.branch1_1a.conv.weight",
        "Mixed_7d.branch2.2.conv.weight": "features.21.branch2_2.conv.weight",
        "Mixed_7d.branch2.3.b.bn.running_mean": "features.21.branch2_3b.bn.running_mean",
        "Mixed_7d.branch3.1.conv.weight": "features.21.branch3.1.conv.weight",
        "fc.weight": "last_linear.weight",
    },
    ("inception_resnet_v2", "timm"): {
        "conv2d_4a.conv.weight": "conv2d_4a.conv.weight",
        "mixed_5b.branch3.1.conv.weight": "mixed_5b.branch3.1.conv.weight",
        "block35.0.residual.branch.branches.branch1.1.conv.weight":
            "repeat.0.branch1.1.conv.weight",
        "block35.9.residual.branch.conv2d.bias": "repeat.9.conv2d.bias",
        "block17.19.residual.branch.branches.branch0.bn.weight": "repeat_1.19.branch0.bn.weight",
        "block8.8.residual.branch.conv2d.weight": "repeat_2.8.conv2d.weight",
        "block8.9.residual.branch.branches.branch1.2.conv.weight": "block8.branch1.2.conv.weight",
        "conv2d_7b.bn.bias": "conv2d_7b.bn.bias",
        "classif.weight": "classif.weight",
    },
    ("xception.timm", "timm"): {
        "conv1.conv.weight": "conv1.weight",
        "conv2.bn.running_mean": "bn2.running_mean",
        "block1.branch.0.depthwise.weight": "block1.rep.0.conv1.weight",
        "block1.branch.4.weight": "block1.rep.4.weight",
        "block1.shortcut.conv.weight": "block1.skip.weight",
        "block12.shortcut.bn.running_var": "block12.skipbn.running_var",
        "block4.branch.7.pointwise.weight": "block4.rep.7.pointwise.weight",
        "conv3.depthwise.weight": "conv3.conv1.weight",
        "conv4.pointwise.weight": "conv4.pointwise.weight",
        "conv4.bn.weight": "bn4.weight",
        "fc.bias": "fc.bias",
    },
    ("inception_v2.slim", "slim"): {
        "conv1.depthwise.weight": "InceptionV2/Conv2d_1a_7x7/depthwise_weights",
        "conv1.pointwise.bias": "InceptionV2/Conv2d_1a_7x7/biases",
        "inception3a.branch3.2.conv.weight": "InceptionV2/Mixed_3b/Branch_2/Conv2d_0c_3x3/weights",
        "inception3c.branch2.1.bn.bias":
            "InceptionV2/Mixed_4a/Branch_0/Conv2d_1a_3x3/BatchNorm/beta",
        "inception4e.branch3.2.conv.weight": "InceptionV2/Mixed_5a/Branch_1/Conv2d_1a_3x3/weights",
        "inception5b.branch4.1.conv.weight": "InceptionV2/Mixed_5c/Branch_3/Conv2d_0b_1x1/weights",
        "fc.weight": "InceptionV2/Logits/Conv2d_1c_1x1/weights",
    },
    ("inception_v3.keras", "slim"): {
        "Mixed_5b.branch5x5.2.conv.weight": "InceptionV3/Mixed_5b/Branch_1/Conv2d_0b_5x5/weights",
        "Mixed_5c.branch5x5.1.conv.weight": "InceptionV3/Mixed_5c/Branch_1/Conv2d_0b_1x1/weights",
        "Mixed_5c.branch5x5.2.conv.weight": "InceptionV3/Mixed_5c/Branch_1/Conv_1_0c_5x5/weights",
        "Mixed_6a.branch3x3.conv.weight": "InceptionV3/Mixed_6a/Branch_0/Conv2d_1a_1x1/weights",
        "Mixed_7a.branch7x7x3.3.conv.weight": "InceptionV3/Mixed_7a/Branch_1/Conv2d_0c_7x1/weights",
        "Mixed_7b.branch3x3.2.b.conv.weight": "InceptionV3/Mixed_7b/Branch_1/Conv2d_0b_3x1/weights",
        "Mixed_7c.branch3x3.2.b.conv.weight": "InceptionV3/Mixed_7c/Branch_1/Conv2d_0c_3x1/weights",
        "AuxLogits.conv1.conv.weight": "InceptionV3/AuxLogits/Conv2d_2a_5x5/weights",
        "fc.bias": "InceptionV3/Logits/Conv2d_1c_1x1/biases",
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "layout"), FAMILY_NAMES)
def test_the_familys_names(name, layout):
    plan = native(name, aux=True)
    [published] = zoo.layouts_for(name, layout)
    names = published.names(plan)
    assert {mine: names[mine] for mine in FAMILY_NAMES[name, layout]} == FAMILY_NAMES[name, layout]
    assert len(set(names.values())) == len(plan.arrays())


@pytest.mark.parametrize(("name", "layout"), FAMILY_NAMES)
def test_the_family_there_and_back_as_safetensors(tmp_path, name, layout):
    """As timm publishes them too: another party's names in a safetensors file."""
    plan = planned(name, (150, 150), classes=1001 if layout == "slim" else 7)
    arrays = seeded(plan)
    source, there, back = (tmp_path / f"{part}.safetensors" for part in ("a", "b", "c"))
    weights.write(source, arrays, plan)
    convert(source, there, name, None, layout)
    convert(there, back, name, None, None)
    found, _ = weights.read(back)
    assert found.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)


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


def test_checkpoints_from_before_the_zips_are_read(tmp_path):
    """As torchvision's published GoogLeNet is."""
    require("pytorch")
    _, arrays = dialect("googlenet.torchvision")
    np.savez(tmp_path / "a.npz", **arrays)
    code = (
        "import sys, torch, numpy as np; folder = sys.argv[1]; "
        "state = {k: torch.from_numpy(v) for k, v in np.load(folder + '/a.npz').items()}; "
        "torch.save(state, folder + '/a.pth', _use_new_zipfile_serialization=False)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    out = tmp_path / "b.safetensors"
    convert(tmp_path / "a.pth", out, "googlenet.torchvision", None, None)
    for key, array in weights.read(out)[0].items():
        np.testing.assert_array_equal(array, arrays[key])


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


def test_a_file_that_says_it_is_another_dialect_is_refused(tmp_path):
    """The paper's dialect has the very names and shapes of the tutorials'."""
    source, _ = ours(tmp_path, "googlenet.paper")
    with pytest.raises(DataError, match=r"says that it holds googlenet\.paper, not googlenet$"):
        convert(source, tmp_path / "x.pth", "googlenet", None, None)
    assert not (tmp_path / "x.pth").exists()


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


class Forged:
    """An array whose type is built to hold pointers of the file's choosing."""

    def __reduce__(self):
        kind = (np.dtype, ("V8",), (3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0))
        return (np.ndarray, ((), Rebuilt(*kind), b"A" * 8))


class Rebuilt:
    """What pickles as a call and then a state."""

    def __init__(self, call, arguments, state):
        self.parts = call, arguments, state

    def __reduce__(self):
        return self.parts


def test_forged_types_are_refused(tmp_path):
    path = write_pickle(tmp_path / "x.pdparams", {"x.bn.weight": Forged()})
    with pytest.raises(DataError, match="refused: it holds values of type 'V8'"):
        convert(path, tmp_path / "out.safetensors", "googlenet", None, None)


@pytest.mark.parametrize(
    "about",
    [{"input": "abc"}, {"input": [3]}, {"input": [3, -1, 1]}, {"carried": 5},
     {"carried": {"x": 1}}, {"carried": {"names": {"fc.weight": ["a"]}}}],
    ids=str,
)  # fmt: skip
def test_metadata_that_makes_no_sense_is_refused(tmp_path, about):
    plan = planned("googlenet", SIZE, classes=7)
    source = tmp_path / "a.safetensors"
    source.write_bytes(weights.packed(seeded(plan), weights.described(plan) | about))
    with pytest.raises(DataError, match="what it says of itself makes no sense"):
        convert(source, tmp_path / "b.pdparams", "googlenet", None, None)


def test_names_carried_twice_are_refused(tmp_path):
    plan = planned("googlenet", SIZE, classes=7)
    carried = {"carried": {"names": {"fc.weight": "fc.bias"}}}
    source = tmp_path / "a.safetensors"
    source.write_bytes(weights.packed(seeded(plan), weights.described(plan) | carried))
    with pytest.raises(DataError, match="given twice"):
        convert(source, tmp_path / "b.pdparams", "googlenet", None, None)


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
