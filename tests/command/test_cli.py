"""Tests of the subcommands that compute and convert, as scripts use them."""

import os
import subprocess
import sys

import numpy as np
import pytest
from cli import googlenet, run

from common.files import weights
from common.jobs.call import ROOT


def test_convert_verifies_and_refuses(files):
    source, there = files / "w.safetensors", files / "w.pdparams"
    told = googlenet("convert", source, there, "--network", "googlenet")
    assert "with heads" in told
    assert "bit for bit" in told
    out = files / "x.safetensors"
    line = googlenet("convert", there, out, "--network", "googlenet.torchvision", code=4)
    assert "looks most like googlenet in format paddle" in line
    assert not out.exists()


def test_init_is_the_same_for_the_same_seed(files, tmp_path):
    options = ("--classes", 5, "--aux", "--input", "3x96x96", "--random-stats")
    googlenet("init", "googlenet", "--seed", 3, "--out", tmp_path / "w", *options)
    assert (tmp_path / "w").read_bytes() == (files / "w.safetensors").read_bytes()


def test_run_keeps_every_endpoint_under_its_name(files):
    run(files, "--aux")
    with np.load(files / "y.npz") as y:
        assert y["inception4a"].shape == (2, 512, 6, 6)
        assert y["logits"].shape == y["aux1"].shape == y["aux2"].shape == (2, 5)
        assert [name for name in y if name.startswith("inception")] == [
            f"inception{block}" for block in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
        ]


def test_run_keeps_the_endpoints_asked_for(files):
    run(files, "--endpoints", "maxpool1, inception3a.branch2.0", "--dtype", "float64")
    with np.load(files / "y.npz") as y:
        assert set(y) == {"logits", "maxpool1", "inception3a.branch2.0"}


def test_files_in_the_current_folder_are_not_run(files, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    paths = ["--weights", files / "w.safetensors", "--input", files / "x.npy"]
    words = ["run", "googlenet", "-f", "numpy", *map(str, paths), "--out", str(tmp_path / "y.npz")]
    start = "from common.command.main import main; main()"
    code = f"import sys; sys.argv = ['googlenet', *{words!r}]; {start}"
    command = [sys.executable, "-P", "-c", code]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_init_from_a_backbone_says_what_is_new(files, tmp_path):
    """Any checkpoint can supply the backbone; the seed defaults to 0."""
    source, new, plain = files / "w.safetensors", tmp_path / "new", tmp_path / "plain"
    options = ("--classes", 9, "--input", "3x96x96")
    line = googlenet("init", "googlenet", "--from", source, "--out", new, *options)
    assert "googlenet: the backbone from ours" in line
    assert "a new classifier for 9 classes" in line
    googlenet("init", "googlenet", "--out", plain, *options)
    (found, _), (given, _), (drawn, _) = (weights.read(path) for path in (new, source, plain))
    for name, array in found.items():
        expected = drawn if name.startswith("fc.") else given
        np.testing.assert_array_equal(array, expected[name])
    grey = ("--from", source, "--out", tmp_path / "grey", "--input", "1x96x96")
    line = googlenet("init", "googlenet", *grey)
    assert "conv1.conv.weight summed over its 3 channels, a new classifier" in line
    kernels = weights.read(tmp_path / "grey")[0]["conv1.conv.weight"]
    np.testing.assert_allclose(kernels, given["conv1.conv.weight"].sum(1, keepdims=True), 1e-6)


def test_kernels_are_divided_among_more_channels(files, tmp_path):
    """A grey image in every channel then gives the same maps as before."""
    five = ("--from", files / "w.safetensors", "--out", tmp_path / "five", "--input", "5x96x96")
    assert "summed over its 3 channels and divided among 5" in googlenet("init", "googlenet", *five)
    given, found = (weights.read(path)[0] for path in (files / "w.safetensors", tmp_path / "five"))
    old, new = (arrays["conv1.conv.weight"] for arrays in (given, found))
    assert new.shape == (64, 5, 7, 7)
    np.testing.assert_allclose(new.sum(1), old.sum(1), rtol=1e-5, atol=1e-6)
    assert (new == new[:, :1]).all()


def test_a_named_pipe_is_no_batch(files, tmp_path):
    os.mkfifo(tmp_path / "x.npy")
    assert "not a regular file" in run(files, input=tmp_path / "x.npy", code=4)
    assert "not a regular file" in googlenet(
        "convert", tmp_path / "x.npy", tmp_path / "y.pth", "--network", "googlenet", code=4
    )


def test_convert_takes_zero_classes_alone(files, tmp_path):
    words = ("convert", files / "w.safetensors", tmp_path / "w.pth", "--network", "googlenet")
    assert "--classes only accepts 0 here" in googlenet(*words, "--classes", 7, code=2)


def test_a_network_that_begins_with_a_depthwise_convolution_starts_from_its_weights(tmp_path):
    old, new = tmp_path / "old.safetensors", tmp_path / "new.safetensors"
    googlenet("init", "inception_v2.slim", "--out", old)
    line = googlenet("init", "inception_v2.slim", "--from", old, "--classes", 3, "--out", new)
    assert "summed" not in line
    given, found = (weights.read(path)[0] for path in (old, new))
    name = next(iter(given))
    np.testing.assert_array_equal(found[name], given[name])


@pytest.mark.parametrize(
    "option", ["--data=digits", "--recipe=x.toml", "--epochs=1", "--steps=0", "--out=x"]
)
def test_options_of_training_are_refused_without_train(option):
    assert "need --train" in googlenet("compare", option, code=2)
