"""The command as scripts use it: its forms, its exit codes, one line an error."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from common.files import weights
from common.jobs.job import ROOMS
from common.jobs.worker import ROOT
from common.networks import NETWORKS


def googlenet(*words, code=0):
    """Runs the command; returns its standard output, or its one line of error."""
    done = subprocess.run(
        [sys.executable, "-m", "common.command.main", *map(str, words)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    if code:
        assert done.stderr.startswith("googlenet: ")
        assert done.stderr.count("\n") == 1
    return done.stderr if code else done.stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Weights with heads and a batch, as the command makes and takes them."""
    folder = tmp_path_factory.mktemp("files")
    options = ("--classes", 5, "--aux", "--input", "3x96x96", "--random-stats")
    googlenet("init", "googlenet", "--seed", 3, "--out", folder / "w.safetensors", *options)
    x = np.random.default_rng(0).standard_normal((2, 3, 96, 96)).astype(np.float32)
    np.save(folder / "x.npy", x)
    np.save(folder / "labels.npy", np.array([0, 4]))
    return folder


def run(files, *more, code=0, out="y.npz", name="googlenet", framework="numpy", **paths):
    """`googlenet run` on those files, some of them replaced."""
    given = {"weights": files / "w.safetensors", "input": files / "x.npy"} | paths
    options = [word for key, path in given.items() for word in (f"--{key}", path)]
    return googlenet("run", name, "-f", framework, *options, "--out", files / out, *more, code=code)


def test_list():
    told = json.loads(googlenet("list", "--json"))
    assert [each["network"] for each in told] == list(NETWORKS)
    first = told[0]
    assert (first["parameters"], first["input"]) == (6_998_552, [3, 224, 224])
    assert {"origin", "multiply_adds"} <= first.keys()
    assert "6,998,552" in googlenet("list")


def test_summary():
    told = json.loads(googlenet("summary", "googlenet", "--aux", "--json"))
    layers = {layer["name"]: layer for layer in told["layers"]}
    assert told["parameters"] == 13_378_280
    assert told["trunk_parameters"] == 5_973_552
    assert layers["inception3a"]["parameters"] == 163_696
    assert layers["inception3a"]["output"] == [256, 28, 28]
    assert "aux2.fc2" in layers
    ten = json.loads(
        googlenet("summary", "googlenet", "--input", "1x224x224", "--classes", 10, "--json")
    )
    assert ten["parameters"] == 5_977_530
    assert "163,696" in googlenet("summary", "googlenet")


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["summary", "googlenet", "--aux"],
        ["summary", "inception_resnet_v2", "--aux"],
        ["summary", "xception", "--explain"],
        ["diff", "inception_v3", "inception_v3.keras"],
    ],
    ids=str,
)
def test_tables_fit_a_hundred_columns(words):
    assert max(map(len, googlenet(*words).splitlines())) <= 100


def test_explain_ends_in_the_published_number():
    assert "= 5,607,184: TF-Slim's own test" in googlenet("summary", "googlenet.slim", "--explain")


def test_diff_says_what_differs():
    told = googlenet("diff", "googlenet", "googlenet.torchvision")
    assert "kernel 5 against 3" in told
    assert "13,004,888" in told


def test_convert_verifies_and_refuses(files):
    source, there = files / "w.safetensors", files / "w.pdparams"
    told = googlenet("convert", source, there, "--network", "googlenet")
    assert "with heads" in told
    assert "bit for bit" in told
    out = files / "x.safetensors"
    line = googlenet("convert", there, out, "--network", "googlenet.torchvision", code=4)
    assert "looks most like googlenet in the layout paddle" in line
    assert not out.exists()


@pytest.mark.parametrize("words", [["list"], ["summary", "googlenet"], ["--help"]], ids=str)
def test_no_framework_is_imported(words):
    code = (
        "import sys, common.command.main\n"
        f"sys.argv = ['googlenet', *{words!r}]\n"
        "try: common.command.main.main()\n"
        "except SystemExit: print([name for name in sys.modules if '.' not in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert "'numpy'" in loaded
    for package in ("torch", "tensorflow", "paddle", "keras", "sklearn"):
        assert f"'{package}'" not in loaded


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


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 2, "Missing command"),
        (["frobnicate"], 2, "No such command 'frobnicate'"),
        (["summary"], 2, "Missing argument"),
        (["summary", "lenet"], 2, "no network is called 'lenet'"),
        (["summary", "googlenet", "--input", "big"], 2, "CxHxW"),
        (["summary", "googlenet", "--input", "3x" + "9" * 5000 + "x9"], 2, "CxHxW"),
        (["summary", "googlenet", "--input", "3x5x5"], 2, "does not fit"),
        (["summary", "googlenet", "--classes", "-3"], 2, "-3 classes"),
        (["compare", "-f", "mxnet"], 2, "no framework is called 'mxnet'"),
        (["compare", "--dtype", "float16"], 2, "no dtype is called 'float16'"),
        (["compare", "--image", "gone.png"], 4, "gone.png: no such file"),
        (["init", "googlenet", "--seed", "0", "--out", "/nowhere/w"], 4, "cannot be written"),
    ],
    ids=str,
)
def test_mistakes_are_one_line(words, code, told):
    assert told in googlenet(*words, code=code)


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.ones((3, 96, 96), np.float32), "a batch is N x C x H x W"),
        (np.ones((2, 96, 96, 3), np.float32), "does not fit|of another shape"),
        (np.ones((2, 4, 96, 96), np.float32), "conv1.conv.weight is"),
        (np.ones((2, 3, 5, 5), np.float32), "does not fit"),
        (np.ones((0, 3, 96, 96), np.float32), "a batch is N x C x H x W"),
        (np.ones((2, 3, 96, 96), np.uint8), "float32 or float64"),
        (np.full((2, 3, 96, 96), np.nan, np.float32), "NaN"),
        (np.array([{"a": 1}]), "not a .npy array"),
    ],
    ids=range(8),
)
def test_batches_that_do_not_fit_are_one_line(files, tmp_path, array, told):
    np.save(tmp_path / "bad.npy", array)
    line = run(files, input=tmp_path / "bad.npy", out="none.npz", code=4)
    assert any(part in line for part in told.split("|")), line
    assert not (files / "none.npz").exists()


def test_what_comes_out_as_no_number_is_not_written(files, tmp_path):
    np.save(tmp_path / "huge.npy", np.full((2, 3, 96, 96), 1e308))
    line = run(files, input=tmp_path / "huge.npy", out="none.npz", code=4)
    assert "comes out as NaN or infinity" in line
    assert not (files / "none.npz").exists()


def test_weights_and_names_that_do_not_fit_are_one_line(files, tmp_path):
    assert "no layer 'inception9'" in run(files, "--endpoints", "inception9", code=2)
    assert "--endpoints is `all` or names" in run(files, "--endpoints", ",", code=2)
    assert "no framework is called 'jax'" in run(files, framework="jax", code=2)
    assert "no network is called 'vgg'" in run(files, name="vgg", code=2)
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
        (np.array([0, 5]), "labels run from 0 to 5, classes from 0 to 4"),
        (np.array([0.0, 1.0]), "whole numbers"),
        (np.array([0]), "labels are 2 whole numbers"),
    ],
    ids=range(3),
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


@pytest.mark.parametrize("out", ["", ".", "/dev/null", "a" * 300], ids=range(4))
def test_impossible_targets_are_one_line(out):
    assert "cannot be written" in googlenet("init", "googlenet", "--seed", 0, "--out", out, code=4)


def test_arrays_of_any_size_are_one_line(tmp_path):
    words = ["init", "googlenet", "--seed", 0, "--classes", 999_999_999_999]
    assert "not enough memory" in googlenet(*words, "--out", tmp_path / "w", code=4)
    assert list(tmp_path.iterdir()) == []


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


def test_doctor_knows_every_framework():
    told = json.loads(googlenet("doctor", "--json"))
    assert told["frameworks"].keys() == ROOMS.keys()
    assert told["frameworks"]["numpy"]["starts"]
    assert "TensorFlow before Paddle" in told["would_crash"]
