"""The reference's results for seeded weights and noise, cached on disk for all three frameworks.

A result's file is named by a hash of the code that computes it, of the plan and of the arguments,
so a result of different code is never used. Those of earlier code are removed, and `make clean`
removes all; mutants read the files but do not write any.
"""

import hashlib
import os
import shutil
from functools import cache
from pathlib import Path

import numpy as np
from conftest import noise, seeded

from common.jobs.call import ROOT
from common.reference import network as reference
from common.reference.network import StepResult

FOLDER = Path(os.environ.get("REFERENCE_CACHE", ROOT / "build" / "reference"))
WRITES = "REFERENCE_CACHE" not in os.environ
FILES = [
    *(f"common/{folder}*.py" for folder in ("", "spec/", "networks/", "reference/")),
    "tests/conftest.py",
    "tests/reference_cache.py",
]
LARGEST = 300e6  # bytes; larger ones take as long to read as to compute


@cache
def code():
    """A hash of everything that the results depend on, except for the plan."""
    digest = hashlib.sha256(np.__version__.encode())
    for pattern in FILES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def folder():
    """The folder for the results of this code; removes those of earlier code."""
    own = FOLDER / code()[:16]
    if WRITES:
        own.mkdir(parents=True, exist_ok=True)
        for other in FOLDER.iterdir():
            if other != own:
                shutil.rmtree(other, ignore_errors=True)
    return own


def cached(compute, plan, *asked):
    """The arrays that `compute` returns, from disk if they have been computed before."""
    key = hashlib.sha256(repr((code(), compute.__name__, plan, asked)).encode()).hexdigest()
    path = folder() / f"{key[:40]}.npz"
    if path.exists():
        with np.load(path) as file:
            return dict(file)
    arrays = compute(plan, *asked)
    if WRITES and sum(array.nbytes for array in arrays.values()) < LARGEST:
        temporary = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(temporary, **arrays)
        temporary.rename(path)
    return arrays


def outputs(plan, images, paths):
    """The result, the heads' outputs and the outputs at `paths`, for noise."""
    net = reference.load_network(plan, seeded(plan), "float64")
    return reference.forward_pass(net, noise(plan, images), paths)


def step(plan, labels):
    """The loss, gradients and running statistics of a step, as arrays by `part name`."""
    x = noise(plan, len(labels))
    found = reference.differentiate(plan, seeded(plan), x, labels, plan.spec.label_smoothing)
    arrays = {f"gradients {name}": array for name, array in found.gradients.items()}
    arrays |= {f"buffers {name}": array for name, array in found.buffers.items()}
    return arrays | {"loss": np.array(found.loss)}


def cached_outputs(plan, images, paths=()):
    """`outputs`, cached on disk."""
    return cached(outputs, plan, images, list(paths))


def cached_step(plan, labels):
    """The reference's step on noise, cached on disk."""
    found = cached(step, plan, np.asarray(labels))
    parts = {"gradients": {}, "buffers": {}}
    for key, array in found.items():
        part, _, name = key.partition(" ")
        if name:
            parts[part][name] = array
    return StepResult(loss=float(found["loss"]), **parts)
