"""Checkpoints of every format convert both ways bit for bit; those that do not fit are refused."""

import numpy as np
import pytest
from checkpoints import SIZE, ours, read_arrays, variant, write_pickle
from conftest import planned, require, seeded
from narrow import narrow_networks
from published_names import FAMILY_NAMES

from common.errors import CheckFailed
from common.files import weights
from common.files.contents import Contents
from common.tools.zoo import write_file as writing
from common.tools.zoo.convert import convert, name_arrays, read_match
from common.tools.zoo.match import Match, ReadOptions
from common.tools.zoo.recognise import formats_for
from common.tools.zoo.write_file import write_file

assert narrow_networks  # a fixture
NARROW = pytest.mark.usefixtures("narrow_networks")
NEEDED = {".pth": "pytorch", ".ckpt": "tensorflow", ".weights.h5": "tensorflow"}
KINDS = {
    "torch": ".pth",
    "pickle": ".pdparams",
    "hdf5": ".weights.h5",
    "checkpoint": ".ckpt",
    "caffe": ".caffemodel",
}
PUBLISHED = [
    (name, format.name, KINDS[format.kind])
    for name in ("googlenet.d2l", "googlenet.paddle", "googlenet.paddle_vision", "googlenet.slim",
                 "googlenet.torchvision", "googlenet.caffe")
    for format in formats_for(name, None)
    if format.name not in ("ours", "pytorch", "tensorflow", "paddle", "lasagne")  # without heads
]  # fmt: skip
NATIVE = [
    (name, format, KINDS[kind])
    for name in ("googlenet", "googlenet.slim", "googlenet.torchvision")
    for format, kind in [("pytorch", "torch"), ("tensorflow", "hdf5"), ("paddle", "pickle")]
]


@NARROW
@pytest.mark.parametrize(("name", "format", "suffix"), PUBLISHED + NATIVE)
def test_there_and_back_bit_for_bit(tmp_path, name, format, suffix):
    if suffix in NEEDED:
        require(NEEDED[suffix])
    source, arrays = ours(tmp_path, name)
    back = tmp_path / "back.safetensors"
    there, again = (tmp_path / folder / f"x{suffix}" for folder in ("there", "again"))
    for file in (there, again):
        file.parent.mkdir()
    convert(source, there, name, asked_to=format)
    assert convert(there, back, name)[0].startswith(name)
    found, about = weights.read(back)
    assert about["network"] == name
    assert found.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)
    convert(back, again, name, asked_to=format)
    written = sorted(file.name for file in there.parent.iterdir())
    assert written == sorted(file.name for file in again.parent.iterdir())
    for file in written:
        assert (there.parent / file).read_bytes() == (again.parent / file).read_bytes(), file


def with_scales_of_one(arrays):
    """The arrays, with the scales of batch norm replaced by ones."""
    return {
        key: np.ones_like(array) if key.endswith(".bn.weight") else array
        for key, array in arrays.items()
    }


@NARROW
@pytest.mark.parametrize(("name", "format"), FAMILY_NAMES)
def test_the_family_there_and_back_as_safetensors(tmp_path, name, format):
    """timm publishes such files: another party's names in a safetensors file."""
    plan = planned(name, (160, 160), classes=1001 if format == "slim" else 7)
    arrays = seeded(plan)
    source, there, back = (tmp_path / f"{part}.safetensors" for part in ("a", "b", "c"))
    weights.write(source, arrays, plan)
    convert(source, there, name, asked_to=format)
    convert(there, back, name)
    found, _ = weights.read(back)
    assert found.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)


@pytest.mark.parametrize(
    "suffix",
    [".pdparams", ".pth"],
)
def test_what_does_not_read_back_is_not_kept(tmp_path, monkeypatch, suffix):
    source, _ = ours(tmp_path, "googlenet")
    target = tmp_path / f"x{suffix}"
    target.write_text("of yesterday")
    monkeypatch.setattr(writing, "read_file", lambda _: Contents({"": {}}))
    with pytest.raises(CheckFailed, match="verification failed: the file differs"):
        convert(source, target, "googlenet")
    assert target.read_text() == "of yesterday"
    assert sorted(file.name for file in tmp_path.iterdir()) == [source.name, target.name]


@NARROW
def test_counters_are_carried_and_written_again(tmp_path):
    require("pytorch")
    _, arrays = variant("googlenet.torchvision")
    counter = {"conv1.bn.num_batches_tracked": np.array(123)}
    write_file(tmp_path / "a.pth", arrays | counter)
    convert(tmp_path / "a.pth", tmp_path / "b.safetensors", "googlenet.torchvision")
    convert(tmp_path / "b.safetensors", tmp_path / "c.pth", "googlenet.torchvision")
    found = read_arrays(tmp_path / "c.pth")
    assert found["conv1.bn.num_batches_tracked"] == 123
    assert found["conv1.bn.num_batches_tracked"].dtype == np.int64


def test_a_later_edition_of_d2l_is_recognised_and_kept(tmp_path):
    name = "googlenet.d2l"
    plan, arrays = variant(name)
    [format] = formats_for(name, "d2l")
    later = {
        f"net.{theirs.replace('.p', '.b')}": arrays[mine]
        for mine, theirs in format.names(plan).items()
    }
    assert {"net.0.0.weight", "net.2.0.b2_1.bias", "net.5.weight"} <= later.keys()
    first, ours, again = (tmp_path / f"{part}.safetensors" for part in ("a", "b", "c"))
    write_file(first, later)
    convert(first, ours, name)
    for key, array in weights.read(ours)[0].items():
        np.testing.assert_array_equal(array, arrays[key])
    convert(ours, again, name, asked_to="d2l")
    assert read_arrays(again).keys() == later.keys()


def test_what_training_leaves_in_a_checkpoint_is_passed_over(tmp_path):
    plan, arrays = variant("googlenet.slim")
    [format] = formats_for("googlenet.slim", "slim")
    theirs = format.to_layout(plan, arrays)
    theirs |= {
        f"{format.names(plan)['fc.bias']}/{slot}": arrays["fc.bias"]
        for slot in ("Adam_1", "Adagrad")
    }
    theirs |= {"global_step": np.array(9), "beta1_power": np.array(0.5, np.float32)}
    write_file(tmp_path / "a.safetensors", theirs)
    convert(tmp_path / "a.safetensors", tmp_path / "b.safetensors", plan.spec.name)
    assert weights.read(tmp_path / "b.safetensors")[0].keys() == arrays.keys()


@NARROW
def test_timms_safetensors_with_counters_there_and_back(tmp_path):
    """timm publishes such files, with integers beside the weights."""
    name = "xception.timm"
    plan = planned(name, SIZE, classes=7)
    [format] = formats_for(name, "timm")
    theirs = format.to_layout(plan, seeded(plan))
    theirs |= {"bn1.num_batches_tracked": np.array(123)}
    first, ours, again = (tmp_path / f"{part}.safetensors" for part in ("a", "b", "c"))
    write_file(first, theirs)
    assert convert(first, ours, name)[0].startswith(f"{name} from timm to ours: 7 classes")
    convert(ours, again, name, asked_to="timm")
    found = read_arrays(again)
    assert found.keys() == theirs.keys()
    for key, array in theirs.items():
        assert found[key].dtype == array.dtype
        np.testing.assert_array_equal(found[key], array)


def test_other_channels_classes_and_no_heads_are_recognised(tmp_path):
    require("tensorflow")
    plan = planned("googlenet.slim", (224, 224), classes=1001)
    weights.write(tmp_path / "w.safetensors", seeded(plan), plan)
    convert(tmp_path / "w.safetensors", tmp_path / "w.ckpt", "googlenet.slim", asked_to="slim")
    told, _ = convert(tmp_path / "w.ckpt", tmp_path / "v.safetensors", "googlenet.slim")
    assert "1001 classes, with class 0 as the background" in told
    features = planned("googlenet.torchvision", classes=0)
    weights.write(tmp_path / "w.safetensors", seeded(features), features)
    out = tmp_path / "w.pdparams"
    told, _ = convert(tmp_path / "w.safetensors", out, "googlenet.torchvision")
    assert "no classifier" in told


def test_a_tutorials_copy_with_other_chains_is_recognised_and_kept(tmp_path):
    """The same network, whose author put 4b to 4e in one chain and gave the heads other names."""
    plan, arrays = variant("googlenet.paddle")
    [format] = formats_for("googlenet.paddle", "paddle_tutorial")
    theirs = format.to_layout(plan, arrays)
    chains = {"inception4b": "inception_block4.0", "inception4c": "inception_block4.1",
              "inception4d": "inception_block4.2", "inception4e": "inception_block4.3",
              "out1": "aux_a", "out2": "aux_b", "out": "out3"}  # fmt: skip

    def called(key):
        first, _, rest = key.partition(".")
        return f"{chains.get(first, first)}.{rest}"

    copy = {called(key): array for key, array in theirs.items()}
    source = write_pickle(tmp_path / "a.pdparams", copy)
    convert(source, tmp_path / "b.safetensors", "googlenet.paddle")
    found, _ = weights.read(tmp_path / "b.safetensors")
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)
    out = tmp_path / "c.pdparams"
    convert(tmp_path / "b.safetensors", out, "googlenet.paddle", asked_to="paddle_tutorial")
    again = read_arrays(out)
    assert again.keys() == copy.keys()


@NARROW
@pytest.mark.parametrize("name", ["inception_v4", "inception_resnet_v2"])
@pytest.mark.parametrize("learned", [False, True])
def test_slims_scales_are_written_only_if_they_were_learned(tmp_path, name, learned):
    """With the head, as in the published checkpoints."""
    plan = planned(name, (299, 299), aux=True, classes=5)
    [format] = formats_for(name, "slim")
    arrays = seeded(plan) if learned else with_scales_of_one(seeded(plan))
    theirs = name_arrays(Match(format, plan, arrays), format)
    assert any("gamma" in key for key in theirs) == learned
    write_file(tmp_path / "a.safetensors", theirs)
    match = read_match(tmp_path / "a.safetensors", name, ReadOptions())
    assert match.plan == plan
    assert match.arrays.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(match.arrays[key], array)
