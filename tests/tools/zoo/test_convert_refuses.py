"""Checkpoints that do not fit are refused, and old file formats are read."""

import numpy as np
import pytest
from checkpoints import SIZE, ours, variant, write_pickle
from conftest import planned, require, seeded

from common.errors import DataError, UsageError
from common.files import weights
from common.tools.zoo.convert import convert
from common.tools.zoo.match import ReadOptions
from common.tools.zoo.recognise import formats_for
from common.tools.zoo.write_file import write_file


def test_checkpoints_from_before_the_zips_are_read(tmp_path, warm_workers):
    """torchvision's published GoogLeNet is such a file."""
    require("pytorch")
    _, arrays = variant("googlenet.torchvision")
    np.savez(tmp_path / "a.npz", **arrays)
    warm_workers.apply("pytorch", "checkpoint_makers:save_before_the_zips", tmp_path)
    out = tmp_path / "b.safetensors"
    convert(tmp_path / "a.pth", out, "googlenet.torchvision")
    for key, array in weights.read(out)[0].items():
        np.testing.assert_array_equal(array, arrays[key])


def test_checkpoints_in_one_file_are_read(tmp_path, warm_workers):
    """TF-Slim's checkpoints were published like this, in TensorFlow's first format."""
    require("tensorflow")
    plan, arrays = variant("googlenet.slim")
    [format] = formats_for("googlenet.slim", "slim")
    np.savez(tmp_path / "a.npz", **format.to_layout(plan, arrays))
    warm_workers.apply("tensorflow", "checkpoint_makers:save_in_one_file", tmp_path)
    out = tmp_path / "b.safetensors"
    told, _ = convert(tmp_path / "a.ckpt", out, "googlenet.slim")
    assert told.startswith("googlenet.slim from slim to ours")
    for key, array in weights.read(out)[0].items():
        np.testing.assert_array_equal(array, arrays[key])


def test_another_network_is_named(tmp_path):
    _, arrays = variant("googlenet.paddle_vision")
    plan = variant("googlenet.paddle_vision")[0]
    [format] = formats_for("googlenet.paddle_vision", "paddle_vision")
    theirs = format.to_layout(plan, arrays)
    source = write_pickle(tmp_path / "a.pdparams", theirs)
    with pytest.raises(DataError) as told:
        convert(source, tmp_path / "b.safetensors", "googlenet")
    assert "does not fit googlenet" in str(told.value)
    assert "looks most like googlenet.paddle_vision in format paddle_vision" in str(told.value)
    assert not (tmp_path / "b.safetensors").exists()


@pytest.mark.parametrize(
    ("offered", "network", "format", "classes"),
    [("inception_v3", "inception_v3.fid", "torchvision", 1008),
     ("inception_v3.fid", "inception_v3", "pytorch_fid", 1000)],
)  # fmt: skip
def test_the_two_v3_of_equal_names_are_told_apart_by_their_classes(
    tmp_path, offered, network, format, classes
):
    plan = planned(network, (75, 75), classes=classes)
    source, out = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    write_file(source, formats_for(offered, format)[0].to_layout(plan, seeded(plan)))
    told = rf"{classes} classes are {network}'s \(--from {format} reads them anyway\)$"
    for options in (ReadOptions(), ReadOptions(backbone_only=True)):
        with pytest.raises(DataError, match=told):
            convert(source, out, offered, options)
    convert(source, out, offered, ReadOptions(format=format))
    convert(source, out, network)
    assert weights.read(out)[1]["network"] == network


def test_a_file_that_says_it_is_another_variant_is_refused(tmp_path):
    """The paper's variant has exactly the names and shapes of the tutorials' network."""
    source, _ = ours(tmp_path, "googlenet.paper")
    with pytest.raises(DataError, match=r"its metadata names googlenet\.paper, not googlenet$"):
        convert(source, tmp_path / "x.pth", "googlenet")
    assert not (tmp_path / "x.pth").exists()


def test_a_scale_that_was_learned_is_never_dropped(tmp_path):
    """Paddle's placeholder for a scale is ignored, but only if it consists of ones."""
    plan = planned("inception_v3", (75, 75), classes=7)
    arrays = seeded(plan)
    weights.write(tmp_path / "a.safetensors", arrays, plan)
    convert(tmp_path / "a.safetensors", tmp_path / "b.pdparams", "inception_v3")
    with pytest.raises(DataError, match="it looks most like inception_v3 in format paddle"):
        convert(tmp_path / "b.pdparams", tmp_path / "c.pth", "inception_v3.keras")
    backbone = ReadOptions(backbone_only=True)
    with pytest.raises(DataError, match=r"unknown, first Conv2d_1a_3x3\.bn\.weight"):
        convert(tmp_path / "b.pdparams", tmp_path / "c.pth", "inception_v3.keras", backbone)
    assert not (tmp_path / "c.pth").exists()


def test_a_name_that_keras_would_not_open_is_refused(tmp_path):
    source, _ = ours(tmp_path, "googlenet")
    with pytest.raises(DataError, match=r"ends in \.weights\.h5$"):
        convert(source, tmp_path / "x.h5", "googlenet")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda a: a.pop("conv1.conv.weight"), "1 missing, first conv1.conv.weight"),
        (lambda a: a.update({"odd.weight": np.ones(2, np.float32)}), "1 unknown, first odd.weight"),
        (lambda a: a.update({"conv2.conv.bias": np.ones(2, "f4")}), "first conv2.conv.bias is 2"),
        (lambda a: a.update({"conv2.conv.bias": np.full(64, np.nan, np.float32)}), "contains NaN"),
        (lambda a: a.update({"conv2.conv.bias": np.full(64, 1e300)}), "contains NaN or infinity"),
    ],
    ids=["missing", "unknown", "another shape", "NaN", "too large for float32"],
)  # fmt: skip
def test_what_does_not_fit_is_named_and_nothing_written(tmp_path, change, told):
    plan = planned("googlenet", SIZE, classes=7)
    arrays = seeded(plan)
    change(arrays)
    theirs = {k: np.ascontiguousarray(v.T) if v.ndim == 2 else v for k, v in arrays.items()}
    source = write_pickle(tmp_path / "a.pdparams", theirs)
    with pytest.raises(DataError, match=told):
        convert(source, tmp_path / "b.safetensors", "googlenet")
    assert [file.name for file in tmp_path.iterdir()] == ["a.pdparams"]


def test_impossible_options_are_refused(tmp_path):
    source, _ = ours(tmp_path, "googlenet")
    with pytest.raises(UsageError, match="unknown format 'timm' for googlenet; choose from: ours"):
        convert(source, tmp_path / "x.pth", "googlenet", asked_to="timm")
    with pytest.raises(UsageError, match="not published as a TensorFlow checkpoint"):
        convert(source, tmp_path / "x.ckpt", "googlenet")
    with pytest.raises(DataError, match="File name too long"):  # before a framework is started
        convert(source, tmp_path / f"{'x' * 260}.pth", "googlenet")
    with pytest.raises(DataError, match="the name must end in one of"):
        convert(source, tmp_path / "x.bin", "googlenet")
    with pytest.raises(DataError, match="cannot be read"):
        convert(tmp_path / "gone.pth", tmp_path / "x.safetensors", "googlenet")
