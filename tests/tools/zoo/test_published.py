"""Compares all three frameworks' logits with the published models', whose weights are converted."""

import numpy as np
import pytest
from conftest import require
from published import CLASSES, KERAS, PADDLE
from warm import finish

from common.files import weights
from common.jobs.frameworks import FRAMEWORKS
from common.reference.numerics import relative_difference
from common.tools.zoo.convert import convert

# The published models are built once, so their tests run in one test process.
pytestmark = pytest.mark.xdist_group("published")
SUFFIXES = dict.fromkeys(KERAS, ".weights.h5") | dict.fromkeys(PADDLE, ".pdparams")
FORMATS = dict.fromkeys(KERAS, "keras") | dict.fromkeys(PADDLE, "paddle_vision")


def step(warm_workers, folder, *each):
    """Runs some steps of published.py in parallel."""
    frameworks = {"keras": "tensorflow"}
    running = [
        warm_workers.start(frameworks.get(who, who), "published:main", what, who, folder)
        for what, who in each
    ]
    for fork in running:
        finish(*fork)


@pytest.fixture(scope="module")
def published(tmp_path_factory, warm_workers):
    """The folder with every published model's files and all the logits."""
    for framework in FRAMEWORKS:
        require(framework)
    folder = tmp_path_factory.mktemp("published")
    step(warm_workers, folder, ("make", "keras"), ("make", "paddle"))
    for name, suffix in SUFFIXES.items():
        ours = folder / f"{name}.safetensors"
        convert(folder / f"{name}{suffix}", ours, name)
        convert(ours, folder / f"{name}.again{suffix}", name, asked_to=FORMATS[name])
    step(warm_workers, folder, ("open", "keras"), ("open", "paddle"))
    step(warm_workers, folder, *(("run", framework) for framework in ("numpy", *FRAMEWORKS)))
    return folder


def probabilities(logits):
    """Softmax over the classes."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("framework", ["numpy", *FRAMEWORKS])
@pytest.mark.parametrize("name", SUFFIXES)
def test_logits_are_theirs_in_every_framework(published, name, framework):
    expected, logits = (np.load(published / f"{name}.{who}.npy") for who in ("y", framework))
    assert relative_difference(logits, expected) < 1e-4
    top = np.argsort(expected, axis=1)[:, -5:]
    mine, right = (np.take_along_axis(probabilities(y), top, 1) for y in (logits, expected))
    assert np.abs(mine - right).max() < 1e-5


@pytest.mark.parametrize("name", SUFFIXES)
def test_their_own_models_open_what_we_write(published, name):
    expected, again = (np.load(published / f"{name}.{part}.npy") for part in ("y", "again"))
    np.testing.assert_array_equal(again, expected)


@pytest.mark.parametrize("name", KERAS)
def test_files_from_before_keras_3_are_read(published, tmp_path, name):
    """keras.applications itself downloads such files."""
    told, _ = convert(published / f"{name}.old.h5", tmp_path / "old.safetensors", name)
    assert told.startswith(f"{name} from keras to ours: {CLASSES} classes")
    new = published / f"{name}.safetensors"
    assert (tmp_path / "old.safetensors").read_bytes() == new.read_bytes()


@pytest.mark.parametrize("name", KERAS)
def test_without_the_top(published, tmp_path, name):
    ours = tmp_path / "ours.safetensors"
    told, _ = convert(published / f"{name}.notop.weights.h5", ours, name)
    assert "no classifier" in told
    assert not any(key.startswith(("fc.", "classif.")) for key in weights.read(ours)[0])
