"""The page with trained weights, and the gradients with and without the heads."""

import json
import re
import shutil

import numpy as np
import pytest
from cli import googlenet
from conftest import noise, planned, require, seeded
from pages import NOBODY, Reader
from runs import metrics, train

from common.data import images
from common.files import weights
from common.jobs.call import call
from common.jobs.job import Report
from common.jobs.network_jobs import Grad
from common.reference.numerics import softmax
from common.spec.initial import initial_arrays
from common.tools.analysis.compare import Comparison, FrameworkResult
from common.tools.page.head_gradients import HeadGradients, LayerGradient, head_gradients
from common.tools.page.reference_pass import reference_pass
from common.tools.page.render import Page, render
from common.tools.page.trained_part import ACROSS, Weights, activation_map, mosaic

NAMES = ("cat", "dog", "<b>", "d", "e")


@pytest.fixture(scope="module")
def seen():
    """A small network with five classes, and one image through it."""
    plan = planned("googlenet", (96, 96), classes=5)
    return plan, reference_pass(plan, seeded(plan), noise(plan)[0])


def compared(plan, seen):
    """A comparison with the reference's logits, and a framework that is a little off."""
    logits = seen.outputs["logits"]
    report = Report(arrays={}, version="2.4", parameters=7, import_seconds=0.1, seconds=0.1)
    results = {"off": FrameworkResult(report, logits=logits + np.arange(5) / 100)}
    return Comparison(
        plan=plan,
        dtype="float32",
        images=("x.png",),
        rows=(),
        reference=report,
        results=results,
        logits=logits,
    )


def test_the_cells_of_an_activation_map_and_the_bias_add_up_to_the_logit(seen):
    plan, reference = seen
    for number, name in enumerate(NAMES):
        found = activation_map(plan, reference, number, NAMES)
        expected = reference.outputs["logits"][0, number]
        assert found.name == name
        assert found.cells.shape == plan.find("inception5b").output[1:]
        assert found.cells.sum() + found.bias == pytest.approx(expected, rel=1e-12)
        assert found.bias != 0


def test_a_network_that_does_not_end_in_a_linear_layer_has_no_such_map():
    plan = planned("googlenet.slim", (64, 64), classes=5)
    reference = reference_pass(plan, seeded(plan), noise(plan)[0])
    assert activation_map(plan, reference, 0, NAMES) is None


def test_classes_have_their_probabilities_in_every_framework(seen):
    plan, reference = seen
    text = render(
        Page(
            plan, compared(plan, reference), reference=reference, weights=Weights("run <1>", NAMES)
        )
    )
    [rows] = [t for t in Reader(text).tables if t[0][-1] == "off"][:1]
    logits = reference.outputs["logits"]
    expected = softmax(logits)[0], softmax(logits + np.arange(5) / 100)[0]
    order = np.argsort(-expected[0])
    assert [row[0] for row in rows[1:]] == [NAMES[k] for k in order]
    for row, k in zip(rows[1:], order, strict=True):
        assert row[1:] == [f"{100 * each[k]:.4f}%" for each in expected]
    assert "run &lt;1&gt;" in text
    assert 'id="weights"' in text


def test_each_kernel_is_scaled_between_its_own_weights():
    weight = np.arange(2 * 3 * 4).reshape(2, 3, 2, 2) / 7
    picture = mosaic(weight)
    assert picture.shape == (3, ACROSS * 3, 3)
    for place in range(2):
        square = picture[:2, 3 * place : 3 * place + 2]
        assert (square.min(), square.max()) == (0, 255)
        assert tuple(square[1, 0]) == tuple(np.round(weight[0, :, 1, 0] / weight[0].max() * 255))
    assert (picture[2] == 255).all()


def test_the_command_shows_weights_of_a_file_and_refuses_others(files, tmp_path):
    out = tmp_path / "w.html"
    googlenet("page", "--weights", files / "w.safetensors", "-f", "onnx", "--out", out)
    text = out.read_text()
    found = Reader(text)
    assert {"weights", "network"} <= set(found.ids)
    assert "5 classes" in text
    assert str(files / "w.safetensors") in text
    [rows] = [t for t in found.tables if t[0][0].startswith("class") and t[0][-1] == "onnx"][:1]
    for row in rows[1:]:
        assert row[1] == row[2]  # to four decimals
    for name, code in {"xception": 4, "lenet": 2}.items():
        line = googlenet(
            "page", name, "--weights", files / "w.safetensors", "--out", out, code=code
        )
        assert len(line.splitlines()) == 1
    (tmp_path / "broken.safetensors").write_bytes(b"x")
    googlenet("page", "--weights", tmp_path / "broken.safetensors", "--out", out, code=4)
    assert out.read_text() == text


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one epoch."""
    require("onnx")
    folder = tmp_path_factory.mktemp("runs") / "run"
    train(folder, "--epochs", 1)
    return folder


def page_of(run, out, code=0):
    """The output of the page command for a run's weights."""
    return googlenet("page", "--weights", run, "-f", "onnx", "--out", out, code=code)


def test_the_command_shows_the_weights_of_a_run(run, tmp_path):
    page_of(run, tmp_path / "w.html")
    text = (tmp_path / "w.html").read_text()
    assert f"{run}/checkpoints/best.safetensors (after epoch 1)" in text
    assert "10 classes" in text
    files = images.photographs()
    told = json.loads(googlenet("predict", run, *files, "-f", "onnx", "--json"))
    shown = [t[1:] for t in Reader(text).tables if t[0][0].startswith("class") and "onnx" in t[0]]
    assert len(shown) == len(told) == 2
    for rows, image in zip(shown, told, strict=True):
        expected = {each["name"]: each["probability"] for each in image["top"]}
        assert len(rows) == len(expected) == 5
        for name, _, onnx in rows:
            assert float(onnx.removesuffix("%")) == pytest.approx(100 * expected[name], abs=6e-5)


def test_a_run_that_is_still_written_is_shown_with_the_weights_it_has(run, tmp_path):
    started, out = tmp_path / "started", tmp_path / "w.html"
    shutil.copytree(run, started)
    lines = metrics(run)[:3]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (started / "metrics.jsonl").write_text(text + '{"step": 4, "epo')
    (started / "checkpoints" / "best.safetensors").unlink()
    (started / "checkpoints" / ".last.safetensors.part").write_bytes(b"half")
    page_of(started, out)
    shown = f"{started}/checkpoints/last.safetensors (before the first epoch ended)"
    assert shown in out.read_text()
    out.unlink()
    shutil.rmtree(started / "checkpoints")
    line = page_of(started, out, code=4)
    assert f"{started}: no weights yet" in line
    assert len(line.splitlines()) == 1
    assert not out.exists()


def test_the_weights_of_a_run_of_another_network_are_refused(run, tmp_path):
    line = googlenet("page", "xception", "--weights", run, "--out", tmp_path / "w.html", code=2)
    assert "a run of googlenet, not xception" in line
    assert len(line.splitlines()) == 1


def test_heads_add_gradient_before_them_and_none_after():
    plan = planned("googlenet.caffe", (96, 96), aux=True, classes=3)
    found = head_gradients(plan, noise(plan)[:1], "numpy")
    ratios = {step.path: step.ratio for step in found.layers}
    assert ratios["conv1"] > 1.05
    assert ratios["inception4a"] > 1.05
    for path in ("inception4e", "inception5a", "inception5b", "loss3/classifier", "fc"):
        assert ratios.get(path, 1.0) == pytest.approx(1.0, rel=1e-9)
    assert "aux1" not in ratios


@pytest.mark.parametrize("aux", [False, True])
def test_the_gradients_are_those_of_the_grad_command(files, aux):
    plan = planned("googlenet", (96, 96), aux=True, classes=5)
    found = head_gradients(plan, np.load(files / "x.npy"), "numpy")
    weights.write(files / "start.safetensors", initial_arrays(plan, seed=0), plan)
    np.save(files / "few.npy", np.arange(2))
    job = Grad(
        framework="numpy",
        network="googlenet",
        weights=str(files / "start.safetensors"),
        input=str(files / "x.npy"),
        labels=str(files / "few.npy"),
        aux=aux,
    )
    gradients = call(job).arrays
    for step in found.layers:
        own = [a.ravel() for name, a in gradients.items() if name.startswith(f"{step.path}.")]
        expected = np.linalg.norm(np.concatenate(own))
        assert (step.with_heads if aux else step.without) == pytest.approx(expected, rel=1e-12)


def test_the_page_finds_the_step_with_the_largest_ratio():
    steps = (
        LayerGradient(path="conv1", without=2.0, with_heads=5.36),
        LayerGradient(path="fc", without=3.0, with_heads=3.0),
    )
    plan = planned("googlenet", (96, 96), aux=True)
    text = render(Page(plan, reason=NOBODY, gradients=HeadGradients("pytorch", 2, steps)))
    assert "the gradient of conv1 is 2.68 times as large" in text
    assert "The gradient of conv1 is 2.68" not in text  # the first step is said only once
    [rows] = [t for t in Reader(text).tables if len(t) == 3 and t[-1][0] == "fc"]
    assert rows[1:] == [["conv1", "2", "5.36", "2.68"], ["fc", "3", "3", "1.00"]]
    assert text.count('id="gradients-en-figure_1"') == 1
    later = (
        LayerGradient(path="conv1", without=2.0, with_heads=2.5),
        LayerGradient(path="conv2", without=1.0, with_heads=1.5),
    )
    text = render(Page(plan, reason=NOBODY, gradients=HeadGradients("pytorch", 2, later)))
    assert "the gradient of conv2 is 1.50 times as large" in text
    assert "The gradient of conv1 is 1.25 times as large." in text
    assert "conv2 得到的梯度是原来的 1.50 倍，在各层中增幅最大" in text
    assert "lines coincide" not in text
    assert "times 0.3, is added" in text
    assert 'id="heads"' not in render(Page(plan, reason=NOBODY))


@pytest.mark.parametrize(
    ("low", "high", "percent"),
    [(1.0, 1.0135, "1.4"), (0.75, 1.0, "25.0"), (1.0, 1.25, None)],
)
def test_heads_that_change_little_are_not_said_to_favour_a_step(low, high, percent):
    steps = (
        LayerGradient(path="conv1", without=2.0, with_heads=2.0 * high),
        LayerGradient(path="conv2", without=1.0, with_heads=low),
    )
    plan = planned("googlenet", (96, 96), aux=True)
    text = render(Page(plan, reason=NOBODY, gradients=HeadGradients("pytorch", 2, steps)))
    said = re.findall("change no step&#39;s gradient by more than ([0-9.]+)%", text)
    assert said == re.findall("任何一层梯度的改变都不超过 ([0-9.]+)%", text)
    assert said == ([percent] if percent else [])
    assert ("the largest increase of all steps" in text) == (percent is None)
    assert ("Here the two lines coincide" in text) == (percent == "1.4")
