"""Checkpoints of every kind in and out, bit for bit, and refused where they do not fit."""

import subprocess
import sys

import numpy as np
import pytest
from checkpoints import SIZE, dialect, ours, write_pickle
from conftest import planned, require, seeded
from test_names import FAMILY_NAMES

from common.errors import CheckFailed, DataError, UsageError
from common.files import weights
from common.zoo import containers
from common.zoo import recognise as zoo
from common.zoo.convert import convert

NEEDED = {".pth": "pytorch", ".ckpt": "tensorflow", ".weights.h5": "tensorflow"}
KINDS = {"torch": ".pth", "pickle": ".pdparams", "hdf5": ".weights.h5", "checkpoint": ".ckpt"}
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
    for layout, kind in [("pytorch", "torch"), ("tensorflow", "hdf5"), ("paddle", "pickle")]
]


@pytest.mark.parametrize(("name", "layout", "suffix"), PUBLISHED + NATIVE)
def test_there_and_back_bit_for_bit(tmp_path, name, layout, suffix):
    if suffix in NEEDED:
        require(NEEDED[suffix])
    source, arrays = ours(tmp_path, name)
    back = tmp_path / "back.safetensors"
    there, again = (tmp_path / folder / f"x{suffix}" for folder in ("there", "again"))
    for file in (there, again):
        file.parent.mkdir()
    convert(source, there, name, None, layout)
    assert convert(there, back, name, None, None).startswith(name)
    found, about = weights.read(back)
    assert about["network"] == name
    assert found.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)
    convert(back, again, name, None, layout)
    written = sorted(file.name for file in there.parent.iterdir())
    assert written == sorted(file.name for file in again.parent.iterdir())
    for file in written:
        assert (there.parent / file).read_bytes() == (again.parent / file).read_bytes(), file


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


@pytest.mark.parametrize(
    ("suffix", "reader", "found"),
    [(".pdparams", "read_pickle", {}), (".pth", "call", ({}, None))],
)
def test_what_does_not_read_back_is_not_kept(tmp_path, monkeypatch, suffix, reader, found):
    source, _ = ours(tmp_path, "googlenet")
    target = tmp_path / f"x{suffix}"
    target.write_text("of yesterday")
    monkeypatch.setattr(containers, reader, lambda *_: found)
    with pytest.raises(CheckFailed, match="would not read back as it was written"):
        convert(source, target, "googlenet", None, None)
    assert target.read_text() == "of yesterday"
    assert sorted(file.name for file in tmp_path.iterdir()) == [source.name, target.name]


def test_counters_are_carried_and_written_again(tmp_path):
    require("pytorch")
    _, arrays = dialect("googlenet.torchvision")
    counter = {"conv1.bn.num_batches_tracked": np.array(123)}
    containers.write(tmp_path / "a.pth", arrays | counter, "torch")
    convert(tmp_path / "a.pth", tmp_path / "b.safetensors", "googlenet.torchvision", None, None)
    convert(tmp_path / "b.safetensors", tmp_path / "c.pth", "googlenet.torchvision", None, None)
    found, _ = containers.read(tmp_path / "c.pth")
    assert found["conv1.bn.num_batches_tracked"] == 123
    assert found["conv1.bn.num_batches_tracked"].dtype == np.int64


def test_a_later_edition_of_d2l_is_recognised_and_kept(tmp_path):
    name = "googlenet.d2l"
    plan, arrays = dialect(name)
    [layout] = zoo.layouts_for(name, "d2l")
    later = {
        f"net.{theirs.replace('.p', '.b')}": arrays[mine]
        for mine, theirs in layout.names(plan).items()
    }
    assert {"net.0.0.weight", "net.2.0.b2_1.bias", "net.5.weight"} <= later.keys()
    first, ours, again = (tmp_path / f"{part}.safetensors" for part in ("a", "b", "c"))
    containers.write(first, later, "safetensors")
    convert(first, ours, name, None, None)
    for key, array in weights.read(ours)[0].items():
        np.testing.assert_array_equal(array, arrays[key])
    convert(ours, again, name, None, "d2l")
    assert containers.read(again)[0].keys() == later.keys()


def test_what_training_leaves_in_a_checkpoint_is_passed_over(tmp_path):
    plan, arrays = dialect("googlenet.slim")
    [layout] = zoo.layouts_for("googlenet.slim", "slim")
    names = layout.names(plan)
    theirs = {names[key]: layout.outward(array) for key, array in arrays.items()}
    theirs |= {f"{names['fc.bias']}/{slot}": arrays["fc.bias"] for slot in ("Adam_1", "Adagrad")}
    theirs |= {"global_step": np.array(9), "beta1_power": np.array(0.5, np.float32)}
    containers.write(tmp_path / "a.safetensors", theirs, "safetensors")
    convert(tmp_path / "a.safetensors", tmp_path / "b.safetensors", plan.network.name, None, None)
    assert weights.read(tmp_path / "b.safetensors")[0].keys() == arrays.keys()


def test_timms_safetensors_with_counters_there_and_back(tmp_path):
    """As timm publishes them: whole numbers beside the weights."""
    name = "xception.timm"
    plan = planned(name, SIZE, classes=7)
    [layout] = zoo.layouts_for(name, "timm")
    names = layout.names(plan)
    theirs = {names[key]: layout.outward(array) for key, array in seeded(plan).items()}
    theirs |= {"bn1.num_batches_tracked": np.array(123)}
    first, ours, again = (tmp_path / f"{part}.safetensors" for part in ("a", "b", "c"))
    containers.write(first, theirs, "safetensors")
    assert convert(first, ours, name, None, None).startswith(f"{name} from timm to ours: 7 classes")
    convert(ours, again, name, None, "timm")
    found, _ = containers.read(again)
    assert found.keys() == theirs.keys()
    for key, array in theirs.items():
        assert found[key].dtype == array.dtype
        np.testing.assert_array_equal(found[key], array)


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


def test_checkpoints_in_one_file_are_read(tmp_path):
    """As TF-Slim's were published, in TensorFlow's first format."""
    require("tensorflow")
    plan, arrays = dialect("googlenet.slim")
    [layout] = zoo.layouts_for("googlenet.slim", "slim")
    names = layout.names(plan)
    np.savez(tmp_path / "a.npz", **{names[k]: layout.outward(v) for k, v in arrays.items()})
    code = (
        "import sys, tensorflow as tf, numpy as np; folder = sys.argv[1]; "
        "a = dict(np.load(folder + '/a.npz')); "
        "tf.raw_ops.Save(filename=folder + '/a.ckpt', tensor_names=[*a], data=[*a.values()])"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True)
    out = tmp_path / "b.safetensors"
    told = convert(tmp_path / "a.ckpt", out, "googlenet.slim", None, None)
    assert told.startswith("googlenet.slim from slim to ours")
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


def test_a_scale_that_was_learned_is_never_dropped(tmp_path):
    """Paddle's stand-in for a scale is passed over, but only as the ones that it is."""
    plan = planned("inception_v3", (75, 75), classes=7)
    arrays = seeded(plan)
    weights.write(tmp_path / "a.safetensors", arrays, plan)
    convert(tmp_path / "a.safetensors", tmp_path / "b.pdparams", "inception_v3", None, None)
    with pytest.raises(DataError, match="it looks most like inception_v3 in the layout paddle"):
        convert(tmp_path / "b.pdparams", tmp_path / "c.pth", "inception_v3.keras", None, None)
    assert not (tmp_path / "c.pth").exists()


def test_a_name_that_keras_would_not_open_is_refused(tmp_path):
    source, _ = ours(tmp_path, "googlenet")
    with pytest.raises(DataError, match=r"ends in \.weights\.h5$"):
        convert(source, tmp_path / "x.h5", "googlenet", None, None)


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
