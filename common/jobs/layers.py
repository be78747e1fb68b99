"""The job of timing a network layer by layer, done in a worker."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import cast

import numpy as np
from numpy.typing import NDArray

from common.files import weights
from common.jobs.contract import FastRunner
from common.jobs.frameworks import import_runner
from common.jobs.job import Report, TimeLayers
from common.jobs.timing import noise
from common.networks import network
from common.plan import Plan
from common.planner import make_plan

ROUNDS = 7


def time_layers(job: TimeLayers) -> Report:
    """Times each part of the plan, then the whole, as fast as the framework computes it."""
    began = time.perf_counter()
    runner = cast(FastRunner, import_runner(job.framework))
    runner.choose_device("cpu")
    imported = time.perf_counter()
    plan = make_plan(network(job.network))
    arrays = weights.load(Path(job.weights), plan)
    found = {part.network.name: time_part(runner, part, arrays, job.batch) for part in plan.parts()}
    found["all"] = time_part(runner, plan, arrays, job.batch)
    ended = time.perf_counter()
    return Report(found, runner.VERSION, 0, imported - began, ended - imported)


def time_part(
    runner: FastRunner, plan: Plan, arrays: Mapping[str, NDArray], batch: int
) -> NDArray[np.float64]:
    """The median seconds of a call, from the framework's own tensors to its own."""
    own = {name: arrays[name] for name in plan.arrays()}
    net = runner.load_network(plan, own, "float32")
    # With channels last in memory, as the layer before leaves them.
    x = np.ascontiguousarray(noise(plan, batch).transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    quick, given = runner.fast(net), runner.tensor(net, x)
    return np.array(median(seconds(lambda: quick(given)) for _ in range(ROUNDS)))


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
