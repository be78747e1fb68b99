"""`predict` and `evaluate` on what users have: runs, weights files and published checkpoints."""

import json
import shutil
from csv import DictReader

import numpy as np
import pytest
from cli import call, googlenet
from conftest import require, seeded
from narrow import narrow_module
from PIL import Image
from runs import metrics, train
from safetensors.numpy import save_file

from common.data.images import photographs
from common.files import weights
from common.jobs.frameworks import FRAMEWORKS
from common.networks import network
from common.spec.planner import make_plan

assert narrow_module  # a fixture

PHOTOGRAPHS = photographs()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two steps on a folder of images, one of which is broken."""
    folder = tmp_path_factory.mktemp("run")
    for kind in ("cat", "dog", "owl"):
        (folder / "data" / kind).mkdir(parents=True)
        for number in range(8):
            pixels = np.random.default_rng([number, len(kind)]).integers(0, 256, (20, 30, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"data/{kind}/{number}.png")
    (folder / "data" / "dog" / "5.png").write_bytes(b"no image")
    options = ("--image-size", 64, "--steps", 2, "--on-error", "skip", "--preprocess", "slim")
    train(folder / "run", "--data", f"folder:{folder / 'data'}", *options)
    return folder / "run"


@pytest.fixture(scope="module")
def thousand(tmp_path_factory):
    """Weights for ImageNet's classes and small images, as our own file and as a bare state dict."""
    folder = tmp_path_factory.mktemp("thousand")
    plan = make_plan(network("googlenet.torchvision", (3, 64, 64)))
    weights.write(folder / "own.safetensors", seeded(plan), plan)
    googlenet(
        "convert", folder / "own.safetensors", folder / "published.pth",
        "--network", "googlenet.torchvision", "--to", "torchvision",
    )  # fmt: skip
    return folder


def predict(source, *more, code=0):
    """Runs `googlenet predict` on the photographs with the reference."""
    return googlenet("predict", source, *PHOTOGRAPHS, "-f", "numpy", *more, code=code)


def test_a_run_knows_its_classes_and_its_preprocessing(run):
    found = json.loads(predict(run, "--top", 3, "--json"))
    assert [entry["image"] for entry in found] == [str(path) for path in PHOTOGRAPHS]
    for entry in found:
        assert {each["name"] for each in entry["top"]} == {"cat", "dog", "owl"}
        chances = [each["probability"] for each in entry["top"]]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) == pytest.approx(1)
    assert json.loads(predict(run, "--top", 3, "--json", "--preprocess", "squeeze")) != found
    assert found == json.loads(predict(run, "--top", 3, "--json", "--preprocess", "slim"))


def test_what_a_run_skips_it_lists(run):
    assert list(json.loads((run / "skipped.json").read_text())) == [
        str(run.parent / "data" / "dog" / "5.png")
    ]
    broken = ("--data", f"folder:{run.parent / 'data'}", "-f", "numpy", "--json")
    found = json.loads(googlenet("evaluate", run, *broken, "--on-error", "skip"))
    assert found["images"] == np.sum(found["confusion"])
    scores = {"top1", "top5", "loss", "images", "confusion"}
    assert found.keys() == scores | {"classes", "scored", "data", "split", "weights"}
    assert found["classes"] == found["scored"] == ["cat", "dog", "owl"]


def test_a_file_of_ours_and_a_published_one_say_the_same(thousand):
    own = json.loads(predict(thousand / "own.safetensors", "--json"))
    other = predict(
        thousand / "published.pth", "--network", "googlenet.torchvision", "--json",
        "--preprocess", "squeeze",
    )  # fmt: skip
    assert not own[0]["top"][0]["name"].isdecimal()
    assert len(own[0]["top"]) == 5
    assert own != json.loads(other)  # a different size and preprocessing
    named = json.loads(predict(thousand / "own.safetensors", "--preprocess", "squeeze", "--json"))
    assert named != own


def test_the_same_arrays_in_another_file_are_the_same_network(thousand, tmp_path):
    """A safetensors file without our metadata is a published one."""
    arrays, _ = weights.read(thousand / "own.safetensors")
    save_file(arrays, tmp_path / "bare.safetensors")
    assert "give --network" in predict(tmp_path / "bare.safetensors", code=2)
    bare = ("--network", "googlenet.torchvision", "--json")
    one = json.loads(predict(tmp_path / "bare.safetensors", *bare))
    two = json.loads(predict(thousand / "published.pth", *bare))
    assert one == two


def test_every_framework_predicts_the_same(run):
    from conftest import require

    chances = {}
    for framework in ("numpy", "pytorch", "tensorflow", "paddle"):
        if framework != "numpy":
            require(framework)
        found = googlenet("predict", run, PHOTOGRAPHS[0], "-f", framework, "--top", 3, "--json")
        top = sorted(json.loads(found)[0]["top"], key=lambda each: each["class"])
        chances[framework] = [each["probability"] for each in top]
    for framework, found in chances.items():
        np.testing.assert_allclose(found, chances["numpy"], atol=1e-5, err_msg=framework)


def test_mistakes_in_one_line(run, tmp_path):
    assert predict(run, "--top", 4) == predict(run, "--top", 3)  # all that there are
    assert "a run of googlenet, not xception" in predict(run, "--network", "xception", code=2)
    assert "no such file" in googlenet("predict", run, tmp_path / "x.png", "-f", "numpy", code=4)
    assert "no image can be read" in googlenet(
        "predict", run, tmp_path / "x.png", "-f", "numpy", "--on-error", "skip", code=4
    )
    shutil.copytree(run, tmp_path / "run")
    for file in (tmp_path / "run" / "checkpoints").glob("[bl]*.safetensors"):
        file.unlink()
    assert "no weights yet" in predict(tmp_path / "run", code=4)
    assert "the reference runs only on the CPU" in googlenet(
        "predict", run, PHOTOGRAPHS[0], "-f", "numpy", "--device", "cuda", code=2
    )


def test_data_names_every_broken_image(run):
    source = f"folder:{run.parent / 'data'}"
    message = googlenet("data", source, code=4)
    assert "1 images cannot be read" in message
    assert "dog/5.png" in message
    assert "1,437" in googlenet("data", "digits")


def test_without_skip_a_broken_image_ends_the_training(run, tmp_path):
    options = ("--image-size", 64, "--epochs", 1)
    source = f"folder:{run.parent / 'data'}"
    assert "dog/5.png" in train(tmp_path / "run", "--data", source, *options, code=4)
    assert metrics(run)[-1]["split"] == "test"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_plain_or_not_it_is_the_same_prediction(run, framework):
    require(framework)
    words = "predict", run, *PHOTOGRAPHS, "-f", framework, "--top", 3, "--json"
    plain, tuned = (json.loads(googlenet(*words, *more)) for more in (("--plain",), ()))
    for one, other in zip(plain, tuned, strict=True):
        assert [each["name"] for each in one["top"]] == [each["name"] for each in other["top"]]
        for a, b in zip(one["top"], other["top"], strict=True):
            assert a["probability"] == pytest.approx(b["probability"], rel=1e-4)


def test_weights_and_exports_know_classes_size_and_preprocessing(run, tmp_path):
    require("onnx")
    best = run / "checkpoints" / "best.safetensors"
    googlenet("export", "googlenet", "--weights", run, "--out", tmp_path / "net.onnx")
    googlenet("convert", best, tmp_path / "net.pth", "--network", "googlenet")
    googlenet("convert", best, tmp_path / "copy.safetensors", "--network", "googlenet")
    expected = json.loads(predict(run, "--top", 3, "--json"))
    for file in (best, tmp_path / "net.onnx", tmp_path / "copy.safetensors"):
        found = json.loads(predict(file, "--top", 3, "--json"))
        for one, other in zip(found, expected, strict=True):
            assert [each["name"] for each in one["top"]] == [each["name"] for each in other["top"]]
            np.testing.assert_allclose(
                [each["probability"] for each in one["top"]],
                [each["probability"] for each in other["top"]],
                rtol=1e-4,
            )
    assert "does not record its network" in predict(tmp_path / "net.pth", code=2)


def test_what_is_assumed_of_a_checkpoint_is_said(run, tmp_path):
    best = run / "checkpoints" / "best.safetensors"
    googlenet("convert", best, tmp_path / "net.pth", "--network", "googlenet")
    words = tmp_path / "net.pth", PHOTOGRAPHS[0], "--network", "googlenet", "-f", "numpy"
    assert "net.pth does not record its images: 3x" in call("predict", *words)[2]


def test_evaluate_names_data_split_and_weights_and_takes_the_runs_own_data(run):
    printed = googlenet("evaluate", run, "-f", "numpy", "--on-error", "skip")
    assert f"data: folder:{run.parent / 'data'}, test images; weights: " in printed
    assert "best.safetensors (after epoch 1)" in printed
    assert "the best weights were chosen on these images" in printed
    words = "-f", "numpy", "--on-error", "skip", "--json"
    found = json.loads(googlenet("evaluate", run, *words))
    assert (found["data"], found["split"]) == (f"folder:{run.parent / 'data'}", "test")
    assert "best.safetensors" in found["weights"]


def test_a_path_that_does_not_exist_is_said_not_to_exist(tmp_path):
    for name in ("gone", "gone.pth", "gone.safetensors", "gone.onnx"):
        assert f"{name}: no such file" in predict(tmp_path / name, code=4)


def test_the_images_of_a_folder_are_classified(run, tmp_path):
    for number, path in enumerate(("b/one.png", "b/c/two.jpeg", "a.png", ".hidden/three.png")):
        (tmp_path / "here" / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40), (60 * number, 9, 99)).save(tmp_path / "here" / path)
    (tmp_path / "here" / "notes.txt").write_text("no image")
    files = [str(tmp_path / "here" / path) for path in ("a.png", "b/c/two.jpeg", "b/one.png")]
    options = ("-f", "numpy", "--top", 2)
    table = tmp_path / "classes.csv"
    found = json.loads(
        googlenet("predict", run, tmp_path / "here", *options, "--csv", table, "--json")
    )
    assert [entry["image"] for entry in found] == files
    assert found == json.loads(googlenet("predict", run, *files, *options, "--json"))
    rows = list(DictReader(table.read_text().splitlines()))
    assert [row["image"] for row in rows] == [file for file in files for _ in range(2)]
    assert [row["rank"] for row in rows] == ["1", "2"] * 3
    best = [each for entry in found for each in entry["top"]]
    assert [row["name"] for row in rows] == [each["name"] for each in best]
    assert [float(row["probability"]) for row in rows] == [each["probability"] for each in best]


def test_a_folder_without_images_and_a_table_over_an_input_are_refused(run, tmp_path):
    (tmp_path / "empty").mkdir()
    line = googlenet("predict", run, tmp_path / "empty", "-f", "numpy", code=4)
    assert "there are no images in this folder" in line
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    line = googlenet("predict", run, tmp_path / "a.png", "--csv", tmp_path / "a.png", code=2)
    assert "is one of the inputs" in line
