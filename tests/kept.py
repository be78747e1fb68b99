"""The reference's results for seeded weights and noise, kept on disk for all three frameworks.

A result's file is named by a hash of the code that computes it, of the plan and of what is asked,
so a result of other code is never taken. `make clean` removes them; mutants read and do not write.
"""

import hashlib
import os
from functools import cache
from pathlib import Path

import numpy as np
from conftest import noise, seeded

from common import judge
from common.jobs.worker import ROOT
from common.judge import Step

FOLDER = Path(os.environ.get("KEPT_RESULTS", ROOT / "build" / "reference"))
WRITES = "KEPT_RESULTS" not in os.environ
FILES = ["common/*.py", "common/networks/*.py", "tests/conftest.py", "tests/kept.py"]
LARGEST = 300e6  # bytes; larger ones take as long to read as to compute


@cache
def code():
    """A hash of all that the results depend on but the plan."""
    digest = hashlib.sha256(np.__version__.encode())
    for pattern in FILES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def kept(compute, plan, *asked):
    """The arrays that `compute` returns, from disk if they have been computed before."""
    key = hashlib.sha256(repr((code(), compute.__name__, plan, asked)).encode()).hexdigest()
    path = FOLDER / f"{key[:40]}.npz"
    if path.exists():
        with np.load(path) as file:
            return dict(file)
    arrays = compute(plan, *asked)
    if WRITES and sum(array.nbytes for array in arrays.values()) < LARGEST:
        FOLDER.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(temporary, **arrays)
        temporary.rename(path)
    return arrays


def outputs(plan, images, paths):
    """The result, the heads' outputs and those at `paths`, for noise."""
    net = judge.load_network(plan, seeded(plan), "float64")
    return judge.run(net, noise(plan, images), paths)


def step(plan, labels):
    """The loss, gradients and statistics of a step, as arrays by `part name`."""
    x = noise(plan, len(labels))
    found = judge.differentiate(plan, seeded(plan), x, labels, plan.network.label_smoothing)
    arrays = {f"gradients {name}": array for name, array in found.gradients.items()}
    arrays |= {f"statistics {name}": array for name, array in found.statistics.items()}
    return arrays | {"loss": np.array(found.loss)}


def kept_outputs(plan, images, paths=()):
    """`outputs`, kept."""
    return kept(outputs, plan, images, list(paths))


def kept_step(plan, labels):
    """The reference's step on noise, kept."""
    found = kept(step, plan, np.asarray(labels))
    parts = {"gradients": {}, "statistics": {}}
    for key, array in found.items():
        part, _, name = key.partition(" ")
        if name:
            parts[part][name] = array
    return Step(float(found["loss"]), **parts)
