"""A user's mistake gives a one-line error and an exit code, and nothing is written."""

import numpy as np
import pytest
from cli import googlenet, run

from common.files import weights


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 2, "Missing command"),
        (["frobnicate"], 2, "No such command 'frobnicate'"),
        (["summary"], 2, "Missing argument"),
        (["summary", "lenet"], 2, "unknown network 'lenet'"),
        (["summary", "googlenet", "--input", "big"], 2, "CxHxW"),
        (["summary", "googlenet", "--input", "3x" + "9" * 5000 + "x9"], 2, "CxHxW"),
        (["summary", "googlenet", "--input", "3x5x5"], 2, "does not fit"),
        (["summary", "googlenet", "--classes", "-3"], 2, "-3 classes"),
        (["compare", "-f", "mxnet"], 2, "unknown framework 'mxnet'"),
        (["compare", "--dtype", "float16"], 2, "unknown dtype 'float16'"),
        (["compare", "--image", "gone.png"], 4, "gone.png: no such file"),
        (
            ["init", "googlenet", "--seed", "0", "--out", "/nowhere/w"],
            4,
            "folder /nowhere does not exist",
        ),
    ],
    ids=str,
)
def test_mistakes_are_one_line(words, code, told):
    assert told in googlenet(*words, code=code)


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.ones((3, 96, 96), np.float32), "a batch is N x C x H x W"),
        (np.ones((2, 96, 96, 3), np.float32), "with the channels last"),
        (np.ones((2, 4, 96, 96), np.float32), "have 4 channels, but the weights expect 3 channels"),
        (np.ones((2, 3, 5, 5), np.float32), "does not fit"),
        (np.ones((0, 3, 96, 96), np.float32), "a batch is N x C x H x W"),
        (np.ones((2, 3, 96, 96), np.uint8), "float32 or float64"),
        (np.full((2, 3, 96, 96), np.nan, np.float32), "NaN"),
        (np.array([{"a": 1}]), "not a .npy array"),
    ],
    ids=[
        "no batch",
        "channels last",
        "4 channels",
        "too small",
        "empty",
        "bytes",
        "NaN",
        "objects",
    ],
)
def test_batches_that_do_not_fit_are_one_line(files, tmp_path, array, told):
    np.save(tmp_path / "bad.npy", array)
    line = run(files, input=tmp_path / "bad.npy", out="none.npz", code=4)
    assert told in line
    assert not (files / "none.npz").exists()


def test_what_comes_out_as_no_number_is_not_written(files, tmp_path):
    np.save(tmp_path / "huge.npy", np.full((2, 3, 96, 96), 1e308))
    line = run(files, input=tmp_path / "huge.npy", out="none.npz", code=4)
    assert "contains NaN or infinity" in line
    assert not (files / "none.npz").exists()


def test_weights_and_names_that_do_not_fit_are_one_line(files, tmp_path):
    assert "no layer 'inception9'" in run(files, "--endpoints", "inception9", code=2)
    assert "--endpoints must be `all` or layer names" in run(files, "--endpoints", ",", code=2)
    assert "unknown framework 'jax'" in run(files, framework="jax", code=2)
    assert "unknown network 'vgg'" in run(files, name="vgg", code=2)
    (tmp_path / "empty").write_bytes(b"")
    assert "not a safetensors file" in run(files, weights=tmp_path / "empty", code=4)
    assert "not a .npy array" in run(files, input=tmp_path / "empty", code=4)
    bare = tmp_path / "bare.safetensors"
    googlenet("init", "googlenet", "--seed", 0, "--classes", 5, "--out", bare)
    assert "12 missing, first aux1.conv" in run(files, "--aux", weights=bare, code=4)
    arrays, _ = weights.read(bare)
    assert "conv1.conv.weight" in arrays


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (np.array([0, 5]), "labels range from 0 to 5, classes from 0 to 4"),
        (np.array([0.0, 1.0]), "integer labels"),
        (np.array([0]), "expected 2 integer labels"),
    ],
    ids=["too large", "fractions", "too few"],
)
def test_labels_that_do_not_fit_are_one_line(files, tmp_path, labels, told):
    np.save(tmp_path / "bad.npy", labels)
    paths = ["--weights", files / "w.safetensors", "--input", files / "x.npy"]
    words = ["grad", "googlenet", "-f", "pytorch", *paths, "--labels", tmp_path / "bad.npy"]
    assert told in googlenet(*words, "--out", files / "g.npz", code=4)


def test_an_input_is_never_the_output(files):
    before = (files / "w.safetensors").read_bytes()
    assert "is one of the inputs" in run(files, out="w.safetensors", code=2)
    assert (files / "w.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    "out", ["", ".", "/dev/null", "a" * 300], ids=["empty", "folder", "device", "long"]
)
def test_impossible_targets_are_one_line(out):
    assert "cannot be written" in googlenet("init", "googlenet", "--seed", 0, "--out", out, code=4)


def test_arrays_of_any_size_are_one_line(tmp_path):
    words = ["init", "googlenet", "--seed", 0, "--classes", 999_999_999_999]
    assert "not enough memory" in googlenet(*words, "--out", tmp_path / "w", code=4)
    assert list(tmp_path.iterdir()) == []
