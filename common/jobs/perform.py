"""Does a job in this process: reads and checks what goes in, imports the framework, computes."""

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.data.batches import check_channels, read_batch, read_labels
from common.errors import DataError, UsageError
from common.files import weights
from common.files.bundle import unpack
from common.jobs.compute import compute_with
from common.jobs.contract import Runner
from common.jobs.frameworks import import_files, import_runner
from common.jobs.job import (
    Check,
    Evaluate,
    FindPlaces,
    Grad,
    Job,
    Predict,
    ReadFile,
    Report,
    Run,
    Start,
    Time,
    TimeLayers,
    Train,
    WriteFile,
)
from common.jobs.turns import Turns
from common.networks import network
from common.plan import Plan
from common.planner import make_plan
from common.rewrite import without_dropout


def perform(job: Job, turns: Turns) -> Report:
    """Does the job, in turns if it is to be timed; raises UserError for what users can mend."""
    match job:  # a job is imported where it is done: workers start quicker
        case Run() | Grad():
            return compute(job)
        case Train():
            from common.jobs.training import train

            return train(job)
        case Evaluate():
            from common.jobs.scoring import score

            return score(job)
        case Predict():
            from common.jobs.scoring import predict

            return predict(job)
        case Time():
            from common.jobs.timing import take_turns

            return take_turns(job, turns)
        case Check():
            from common.jobs.checking import check

            return check(job)
        case TimeLayers():
            from common.jobs.layers import time_layers

            return time_layers(job)
    began = time.perf_counter()
    runner = import_runner(job.framework)
    imported = time.perf_counter()
    arrays = handle_files(job)
    ended = time.perf_counter()
    return Report(arrays, runner.VERSION, 0, imported - began, ended - imported)


def compute(job: Run | Grad) -> Report:
    """A forward pass or a gradient; all that the user brought is checked before the import."""
    network(job.network, aux=job.aux)  # an unknown name is told before any file is read
    x = read_batch(Path(job.input))
    plan, arrays = read_network(job, x)
    match job:
        case Run():
            paths, labels = find_endpoints(plan, job.endpoints), None
        case Grad():
            paths, labels = [], read_labels(Path(job.labels), len(x), plan)
            plan = make_plan(without_dropout(plan.network))

    def outputs(runner: Runner, net: Any) -> Arrays:
        return runner.run(net, x, paths) if labels is None else runner.grad(net, x, labels)

    return compute_with(job, plan, arrays, outputs)


def handle_files(job: Start | ReadFile | WriteFile | FindPlaces) -> Arrays:
    """A job that needs no network's outputs."""
    match job:
        case Start():
            return {}
        case ReadFile(framework, path):
            return import_files(framework).read(Path(path))
        case WriteFile(framework, arrays, out):
            import_files(framework).write(Path(out), unpack(Path(arrays)))
            return {}
        case FindPlaces(framework, name, aux, published):
            plan, files = make_plan(network(name, classes=1, aux=aux)), import_files(framework)
            places = files.published_places(plan) if published else files.places(plan)
            return {name: np.array(place) for name, place in places.items()}


def read_network(job: Run | Grad, x: NDArray) -> tuple[Plan, Arrays]:
    """The network that the weights and the batch ask for, and its parameters."""
    arrays, about = weights.read(Path(job.weights))
    made = network(job.network)
    classes = weights.count_classes(job.weights, arrays, made)
    check_channels(Path(job.input), x.shape[1:], weights.count_channels(arrays, made))
    try:
        plan = make_plan(network(job.network, x.shape[1:], classes, job.aux))
    except UsageError as error:
        raise DataError(f"{job.input}: {error}") from None
    return plan, weights.fit(job.weights, arrays, about, plan)


def find_endpoints(plan: Plan, wanted: str) -> list[str]:
    """The paths of the layers whose outputs are wanted; raises UsageError for an unknown one."""
    if wanted == "all":
        return [step.path for step in plan.body.children if step.is_map]
    if wanted == "units":
        maps = [unit.path for root in plan.roots() for unit in root.units() if unit.is_map]
        # The last one is the result, which has a name of its own.
        return maps + [step.path for step in plan.body.children[:-1] if step.is_vector]
    names = [name for name in re.split(r"[, ]+", wanted) if name not in ("", plan.network.output)]
    return [plan.find(name).path for name in names]
