"""Layers can be requested by the names that their published code has for them."""

import numpy as np
import pytest
from cli import googlenet

from common.networks import network
from common.spec.planner import make_plan
from common.tools.zoo.published_layers import published_layers

NAMES = {
    ("googlenet.caffe", "inception_4e/output"): "inception4e",
    ("googlenet.caffe", "conv1/7x7_s2"): "conv1",
    ("googlenet.caffe", "inception_3a/5x5_reduce"): "inception3a.branch3.0",
    ("googlenet.slim", "Mixed_4f"): "inception4e",
    ("googlenet.slim", "InceptionV1/Conv2d_1a_7x7"): "conv1",
    ("inception_v2.slim", "Mixed_5b"): "inception5a",
    ("inception_v3.keras", "mixed10"): "Mixed_7c",
    ("inception_v3.keras", "mixed0"): "Mixed_5b",
    ("inception_v3.keras", "Conv2d_1a_3x3"): "Conv2d_1a_3x3",
    ("inception_v4", "features.21"): "Mixed_7d",
    ("inception_resnet_v2.keras", "block35_10_ac"): "block35.9",
    ("inception_resnet_v2.keras", "block8_10"): "block8.9.residual",
    ("inception_resnet_v2", "repeat"): "block35",
    ("googlenet.d2l", "2.0"): "inception3a",
    ("xception.timm", "block4.rep"): "block4.branch",
}


@pytest.mark.parametrize(("name", "published"), NAMES, ids="-".join)
def test_a_published_name(name, published):
    plan = make_plan(network(name))
    found = published_layers(plan)[published]
    assert found == NAMES[name, published]
    assert plan.find(found).output


def test_run_keeps_layers_under_the_names_that_were_given(tmp_path):
    weights, x, out = (tmp_path / name for name in ("w.safetensors", "x.npy", "y.npz"))
    size = "3x75x75"
    googlenet("init", "inception_v3.keras", "--input", size, "--classes", 3, "--out", weights)
    np.save(x, np.ones((1, 3, 75, 75), np.float32))
    words = ("run", "inception_v3.keras", "-f", "numpy", "--weights", weights, "--input", x)
    googlenet(*words, "--out", out, "--endpoints", "mixed10, Mixed_5b")
    with np.load(out) as found:
        assert sorted(found) == ["Mixed_5b", "logits", "mixed10"]
        assert found["mixed10"].shape == (1, 2048, 1, 1)
    googlenet(*words, "--out", out, "--endpoints", "mixed10,Mixed_7c")
    with np.load(out) as found:
        np.testing.assert_array_equal(found["mixed10"], found["Mixed_7c"])
    line = googlenet(*words, "--out", out, "--endpoints", "mixed11", code=2)
    assert "has no layer 'mixed11'" in line


def test_run_keeps_the_predictions_and_slides_a_window(tmp_path):
    weights, x, out = (tmp_path / name for name in ("w.safetensors", "x.npy", "y.npz"))
    googlenet("init", "googlenet.slim", "--classes", 3, "--out", weights)
    np.save(x, np.random.default_rng(0).standard_normal((1, 3, 240, 260)).astype(np.float32))
    words = ("run", "googlenet.slim", "-f", "pytorch", "--weights", weights, "--input", x)
    googlenet(*words, "--out", out, "--endpoints", "predictions")
    with np.load(out) as found:
        assert sorted(found) == ["logits", "predictions"]
        powers = np.exp(found["logits"].astype(np.float64))
        np.testing.assert_allclose(found["predictions"], powers / powers.sum(), rtol=1e-12)
    googlenet(*words, "--out", out, "--endpoints", "Mixed_5c,predictions", "--fixed-window")
    with np.load(out) as found:
        assert found["logits"].shape == found["predictions"].shape == (1, 3, 2, 3)
        np.testing.assert_allclose(found["predictions"].sum(axis=1), 1, rtol=1e-12)
        assert found["Mixed_5c"].shape == (1, 1024, 8, 9)
