"""ONNX: every layer type is exported, run in ONNX Runtime and compared with the reference."""

import importlib.util

import numpy as np
import pytest
from cli import googlenet, run
from conftest import noise, planned, require, seeded

from common.errors import CheckFailed, UsageError
from common.networks import network
from common.reference import network as reference
from common.reference.numerics import relative_difference
from common.spec.preprocess import PREPROCESSES

# Together they have every layer type.
NETWORKS = {
    "googlenet.paper": 224,
    "googlenet.paddle": 224,
    "googlenet.torchvision.input": 96,
    "googlenet.slim": 95,
    "inception_v2": 97,
    "inception_v3.paddle_vision": 107,
    "inception_resnet_v1.facenet": 107,
    "inception_resnet_v2.keras": 107,
    "xception": 75,
}


@pytest.fixture(autouse=True)
def onnx():
    """The `onnx` package, which an extra installs."""
    require("onnx")
    return importlib.import_module("onnx")


@pytest.mark.parametrize(("name", "size"), NETWORKS.items())
def test_every_layer_is_the_references(onnx, name, size, tmp_path):
    from common.tools.onnx.run_onnx import count_parameters, load_network
    from common.tools.onnx.run_onnx import forward_pass as compute

    plan = planned(name, (size, size), aux=True, classes=0 if "facenet" in name else 7)
    arrays, x = seeded(plan), noise(plan, images=3).astype(np.float32)
    net = load_network(plan, arrays, "float32")
    onnx.checker.check_model(net.model, full_check=True)
    paths = [unit.path for root in plan.roots() for unit in root.units() if unit.is_map]
    found = compute(net, x, paths)
    expected = reference.forward_pass(reference.load_network(plan, arrays, "float64"), x, paths)
    assert found.keys() == expected.keys()
    assert max(relative_difference(found[key], expected[key]) for key in expected) < 1e-5
    assert count_parameters(net) == plan.parameter_count
    path = tmp_path / "net.onnx"
    onnx.save(net.model, path)
    check_holds_the_network(path, name, arrays)


def check_holds_the_network(path, name, arrays):
    """Asserts that the weights are read back from the file, without the graph's constants."""
    from common.tools.zoo.convert import read_match
    from common.tools.zoo.match import ReadOptions

    match = read_match(path, name, ReadOptions())
    assert match.arrays.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(match.arrays[key], array)


def test_a_file_holds_any_number_of_images_and_says_how_it_wants_them(onnx, files, tmp_path):
    import onnxruntime

    options = "--weights", files / "w.safetensors", "--out", tmp_path / "net.onnx"
    assert "of the reference in ONNX Runtime" in googlenet("export", "googlenet", *options, "--aux")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    assert [output.name for output in session.get_outputs()] == ["logits", "aux1", "aux2"]
    for images in (1, 5):
        x = np.zeros((images, 3, 96, 96), np.float32)
        assert session.run(None, {"input": x})[0].shape == (images, 5)
    about = {entry.key: entry.value for entry in onnx.load(tmp_path / "net.onnx").metadata_props}
    assert about["network"] == "googlenet"
    assert "96x96" in about["image"]


def test_it_is_a_fourth_opinion(files):
    run(files, framework="onnx", out="onnx.npz")
    run(files, framework="numpy", out="numpy.npz")
    found, expected = (np.load(files / f"{name}.npz") for name in ("onnx", "numpy"))
    assert relative_difference(found["logits"], expected["logits"]) < 1e-5
    assert "EQUAL: onnx" in googlenet("compare", "googlenet.slim", "-f", "onnx")


def test_what_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    from common.tools.onnx import export

    plan = planned("googlenet", (96, 96), classes=5)
    arrays, path = seeded(plan), tmp_path / "net.onnx"
    others = arrays | {"fc.bias": arrays["fc.bias"] + 1}
    build = export.build
    monkeypatch.setattr(export, "build", lambda plan, _: build(plan, others))
    with pytest.raises(CheckFailed, match=r"differs by .* from the reference; discarded"):
        export.export(plan, arrays, path)
    assert list(tmp_path.iterdir()) == []


def test_an_invalid_model_is_not_kept(tmp_path, monkeypatch):
    from common.tools.onnx import export

    plan = planned("googlenet", (96, 96), classes=5)
    model, outputs = export.build(plan, seeded(plan))
    model.graph.node[0].op_type = "Convolve"
    monkeypatch.setattr(export, "build", lambda *_: (model, outputs))
    with pytest.raises(CheckFailed, match="not a valid ONNX"):
        export.export(plan, seeded(plan), tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_file_says_how_its_weights_were_trained(onnx, tmp_path):
    options = "--preprocess", "unit", "--steps", 1, "--image-size", 32, "--batch", 4
    run_folder = tmp_path / "run"
    googlenet("train", "googlenet", "-f", "pytorch", *options, "--out", run_folder)
    googlenet("export", "googlenet", "--weights", run_folder, "--out", tmp_path / "net.onnx")
    about = {entry.key: entry.value for entry in onnx.load(tmp_path / "net.onnx").metadata_props}
    assert about["values"] == PREPROCESSES["unit"].value_text()
    assert about["values"] != network("googlenet").preprocess.value_text()


def test_a_nan_is_no_small_difference(tmp_path, monkeypatch):
    from common.tools.onnx import export

    plan = planned("googlenet", classes=5, aux=True)
    differences = iter([1e-7, float("nan"), 1e-7])
    monkeypatch.setattr(export, "relative_difference", lambda *_: next(differences))
    with pytest.raises(CheckFailed, match="differs by nan"):
        export.export(plan, seeded(plan), tmp_path / "net.onnx")


def test_what_it_cannot_do_is_one_line(files, tmp_path):
    from common.tools.onnx.run_onnx import load_network

    plan = planned("googlenet", (96, 96))
    with pytest.raises(UsageError, match="float32 only"):
        load_network(plan, seeded(plan), "float64")
    out = tmp_path / "net.onnx"
    wrong = "--weights", files / "w.safetensors", "--out"
    assert "must end in .onnx" in googlenet("export", "googlenet", *wrong, tmp_path / "x", code=2)
    assert "its metadata names googlenet" in googlenet(
        "export", "googlenet.slim", *wrong, out, code=4
    )
    assert "no auxiliary heads" in googlenet("export", "xception", *wrong, out, "--aux", code=2)
    labels = tmp_path / "y.npy"
    np.save(labels, np.array([0, 1]))
    given = "--weights", files / "w.safetensors", "--input", files / "x.npy", "--labels", labels
    line = googlenet("grad", "googlenet", "-f", "onnx", *given, "--out", tmp_path / "g.npz", code=2)
    assert "unknown framework 'onnx'" in line
