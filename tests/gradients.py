"""Losses and gradients of one framework for many networks, in one process.

`python tests/gradients.py FRAMEWORK FOLDER SUBJECT ...` writes FOLDER/FRAMEWORK-SUBJECT.npz.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from conftest import noise, planned, seeded

from common.jobs.frameworks import import_runner
from common.networks import GOOGLENETS, NETWORKS, network
from common.networks.blocks import classifier
from common.planner import make_plan
from common.rewrite import without_dropout
from common.spec import Chain, Conv

LABELS = np.array([3, 7])
FAMILY = tuple(name for name in NETWORKS if name not in GOOGLENETS)
HEADS = tuple(f"{name} head" for name in FAMILY if network(name).heads)


def subject(name):
    """A small network whose gradients are compared: a GoogLeNet with its heads, one of the others
    without, or `NAME head`, that network's head alone.
    """
    if name in GOOGLENETS:
        return planned(name, (96, 96), aux=True, classes=10)
    if name in HEADS:
        return head_alone(name.removesuffix(" head"))
    # At 139 the last maps are 3 x 3, so that batch norm has more than two values to go by.
    return planned(name, (139, 139), classes=10)


def head_alone(name):
    """The head on a 17 x 17 map, which it needs, after one convolution instead of a whole trunk."""
    made = network(name, classes=10, aux=True)
    [head] = made.heads.values()
    channels = make_plan(network(name)).find(head.after).output[0]
    trunk = {head.after: Conv(channels, 1)}
    body = Chain(trunk | classifier(made.classifier, made.classes))
    return make_plan(replace(made, input=(4, 17, 17), body=body))


def main(framework: str, folder: str, *names: str) -> None:
    """Computes and writes every gradient, in float64."""
    runner = import_runner(framework)
    for name in names:
        made = subject(name)
        net = runner.load_network(make_plan(without_dropout(made.network)), seeded(made), "float64")
        arrays = runner.grad(net, noise(made), LABELS)
        np.savez(Path(folder) / f"{framework}-{name}.npz", **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
