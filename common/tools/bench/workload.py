"""The workloads of a benchmark: a network, a task, a batch, and the inputs of every contestant."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.networks import network
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.spec.rewrite import without_dropout

# How many images are computed first, to be compared with the reference.
SHOWN = 2


@dataclass(frozen=True, kw_only=True)
class Work:
    """One workload: `infer` or `train` on a batch of `size` x `size` images."""

    network: str
    task: str
    batch: int
    size: int

    @property
    def text(self) -> str:
        """The workload in words."""
        return f"{self.network}, {self.task}, batch {self.batch}, {self.size} x {self.size}"


def plan_of(name: str, task: str, size: int) -> Plan:
    """The plan to be timed; in training with all heads that the network has, and no dropout."""
    spec = network(name)
    trains = task == "train"
    spec = network(name, (spec.input[0], size, size), aux=trains and bool(spec.heads))
    return make_plan(without_dropout(spec) if trains else spec)


def noise(plan: Plan, batch: int) -> NDArray[np.float32]:
    """A batch of noise for the network, the same for every contestant."""
    shape = batch, *plan.spec.input
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def labels_of(x: NDArray, classes: int) -> NDArray[np.int64]:
    """A label for each image."""
    return np.arange(len(x), dtype=np.int64) % classes
