"""Losses and gradients of one framework for many networks, in one process.

`python tests/gradients.py FRAMEWORK FOLDER NETWORK ...` writes FOLDER/FRAMEWORK-NETWORK.npz.
"""

import sys
from pathlib import Path

import numpy as np
from conftest import noise, planned, seeded

from common.job import enter
from common.shapes import plan
from common.spec import without_dropout

LABELS = np.array([3, 7])


def subject(name):
    """A small network, with GoogLeNet's heads, whose gradients are compared.

    The others' heads need whole images; a head is no other than what the bodies are made of. And
    their last maps must be more than a point, lest batch norm divide by next to nothing.
    """
    if name.startswith("googlenet"):
        return planned(name, (96, 96), aux=True, classes=10)
    return planned(name, (139, 139), classes=10)


def main(framework: str, folder: str, *names: str) -> None:
    """Computes and writes every gradient, in float64."""
    room = enter(framework)
    for name in names:
        headed = subject(name)
        net = room.loaded(plan(without_dropout(headed.network)), seeded(headed), "float64")
        arrays = room.grad(net, noise(headed), LABELS)
        np.savez(Path(folder) / f"{framework}-{name}.npz", **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
