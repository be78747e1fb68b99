"""Training runs as a user starts them, for the tests."""

import atexit
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from cli import googlenet
from conftest import require

TRAINED, TESTED = 48, 20  # images; every epoch evaluates all test images


def few_images():
    """`mnist:DIR` with ten classes of noise, in a folder that is removed at exit."""
    folder, draw = Path(tempfile.mkdtemp(prefix="few-images-")), np.random.default_rng(0)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for part, count in (("train", TRAINED), ("t10k", TESTED)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = draw.integers(0, 150, (count, 8, 8), np.uint8) + 10 * labels[:, None, None]
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = np.array([0x800 + array.ndim, *array.shape], ">u4").tobytes()
            (folder / f"{part}-{kind}-ubyte").write_bytes(header + array.tobytes())
    return f"mnist:{folder}"


DATA = few_images()
ARGUMENTS = ("--data", DATA, "--image-size", 32, "--batch", 8, "--seed", 7)


def train(folder, *more, framework="pytorch", code=0):
    """Runs `googlenet train googlenet` with that output folder."""
    require(framework)
    return googlenet(
        "train", "googlenet", "-f", framework, *ARGUMENTS, "--out", folder, *more, code=code
    )


def metrics(folder):
    """The lines of a run's metrics."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def losses(folder):
    """The loss of every step."""
    return [line["loss"] for line in metrics(folder) if "step" in line]
