"""Against what the frameworks publish: their weights converted, their logits in all three."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import require
from published import CLASSES, KERAS, PADDLE

from common import weights
from common.compare import relative
from common.convert import convert
from common.job import FRAMEWORKS, Job
from common.worker import ROOT, call, environment

# The published models are made once, so their tests go to one test process.
pytestmark = pytest.mark.xdist_group("published")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The folder with every published model's file, batch and logits."""
    folder = tmp_path_factory.mktemp("published")
    for party, framework in {"keras": "tensorflow", "paddle": "paddle"}.items():
        require(framework)
        command = [sys.executable, "tests/published.py", party, str(folder)]
        done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
    return folder


def probabilities(logits):
    """Softmax along the classes."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", [*KERAS, *PADDLE])
def test_logits_are_theirs_in_every_framework(published, tmp_path, name):
    [theirs] = [*published.glob(f"{name}.weights.h5"), *published.glob(f"{name}.pdparams")]
    ours = tmp_path / "ours.safetensors"
    convert(theirs, ours, name, None, None)
    expected = np.load(published / f"{name}.y.npy")
    top = np.argsort(expected, axis=1)[:, -5:]
    for framework in ("numpy", *FRAMEWORKS):
        require(framework)
        job = Job("run", framework, name, str(ours), str(published / f"{name}.x.npy"))
        logits = call(job)[0]["logits"]
        assert relative(logits, expected) < 1e-4, framework
        mine, right = (np.take_along_axis(probabilities(y), top, 1) for y in (logits, expected))
        assert np.abs(mine - right).max() < 1e-5, framework


@pytest.mark.parametrize("name", KERAS)
def test_files_from_before_keras_3_are_read(published, tmp_path, name):
    """As keras.applications itself downloads them."""
    for age, file in {"new": f"{name}.weights.h5", "old": f"{name}.old.h5"}.items():
        told = convert(published / file, tmp_path / f"{age}.safetensors", name, None, None)
        assert told.startswith(f"{name} from keras to ours: {CLASSES} classes")
    new, old = ((tmp_path / f"{age}.safetensors").read_bytes() for age in ("new", "old"))
    assert new == old


@pytest.mark.parametrize("name", KERAS)
def test_back_to_keras_and_without_the_top(published, tmp_path, name):
    ours, again = tmp_path / "ours.safetensors", tmp_path / "again.weights.h5"
    convert(published / f"{name}.weights.h5", ours, name, None, None)
    convert(ours, again, name, None, "keras")
    assert again.stat().st_size > 0
    told = convert(published / f"{name}.notop.weights.h5", ours, name, None, None)
    assert "no classifier" in told
    assert not any(key.startswith(("fc.", "classif.")) for key in weights.read(ours)[0])
