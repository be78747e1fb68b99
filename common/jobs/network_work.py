"""The functions that a worker runs for a forward pass, for a gradient, and to start a framework."""

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from common.arrays import Arrays
from common.data.batches import check_channels, read_batch, read_labels
from common.errors import DataError, UsageError
from common.files import weights
from common.jobs.contract import Runner
from common.jobs.frameworks import import_runner
from common.jobs.job import Job, NetworkJob, Report
from common.jobs.network_jobs import ForwardPass, Grad
from common.networks import network
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.spec.rewrite import without_dropout


def start(job: Job) -> Report:
    """Imports the framework and does nothing else."""
    return import_and(job, dict)


def import_and(job: Job, act: Callable[[], Arrays]) -> Report:
    """Imports the framework, then calls `act`, and reports its arrays and the times."""
    began = time.perf_counter()
    runner = import_runner(job.framework)
    imported = time.perf_counter()
    arrays = act()
    ended = time.perf_counter()
    return Report(
        arrays=arrays,
        version=runner.VERSION,
        parameters=0,
        import_seconds=imported - began,
        seconds=ended - imported,
    )


def forward_pass(job: ForwardPass) -> Report:
    """Runs a forward pass; reads and checks the files before importing the framework."""
    plan, x, arrays = read_inputs(job, job.global_pool)
    paths = find_endpoints(plan, job.endpoints)
    return compute_with(job, plan, arrays, lambda runner, net: runner.forward_pass(net, x, paths))


def grad(job: Grad) -> Report:
    """Computes a gradient; reads and checks the files before importing the framework."""
    plan, x, arrays = read_inputs(job)
    labels = read_labels(Path(job.labels), len(x), plan)
    plan = make_plan(without_dropout(plan.spec))
    return compute_with(job, plan, arrays, lambda runner, net: runner.grad(net, x, labels))


def read_inputs(job: ForwardPass | Grad, global_pool: bool = True) -> tuple[Plan, NDArray, Arrays]:
    """Reads a batch and weights; returns the plan that fits them, the batch and the arrays."""
    network(
        job.network, aux=job.aux, global_pool=global_pool
    )  # raises for an unknown name before any file is read
    x = read_batch(Path(job.input))
    plan, arrays = read_network(job, x, global_pool)
    return plan, x, arrays


def compute_with(
    job: NetworkJob,
    plan: Plan,
    arrays: Mapping[str, NDArray],
    compute: Callable[[Runner, Any], Arrays],
) -> Report:
    """Calls `compute` with the job's framework and network; reports its arrays and the times."""
    began = time.perf_counter()
    runner = import_runner(job.framework)
    runner.choose_device(job.device)
    imported = time.perf_counter()
    net = runner.load_network(plan, arrays, job.dtype)
    outputs = compute(runner, net)
    ended = time.perf_counter()
    return Report(
        arrays=outputs,
        version=runner.VERSION,
        parameters=runner.count_parameters(net),
        import_seconds=imported - began,
        seconds=ended - imported,
    )


def output_function(
    runner: Runner, net: Any, plain: bool, output: str = "logits"
) -> Callable[[NDArray], NDArray]:
    """A function from a batch to the network's output.

    It is the fastest one; if `plain`, an ordinary forward pass, from which `output` is taken.
    """
    if plain:
        return lambda x: runner.forward_pass(net, x, [])[output]
    return runner.inference_function(net)


def read_network(job: ForwardPass | Grad, x: NDArray, global_pool: bool) -> tuple[Plan, Arrays]:
    """The plan for these weights and this batch, and the arrays of the weights."""
    arrays, about = weights.read(Path(job.weights))
    spec = network(job.network)
    classes = weights.count_classes(job.weights, arrays, spec)
    check_channels(Path(job.input), x.shape[1:], weights.count_channels(arrays, spec))
    try:
        spec = network(job.network, x.shape[1:], classes, job.aux, global_pool=global_pool)
        plan = make_plan(spec)
    except UsageError as error:
        raise DataError(f"{job.input}: {error}") from None
    return plan, weights.fit_arrays(job.weights, arrays, about, plan)


def find_endpoints(plan: Plan, wanted: str) -> list[str]:
    """The paths of the requested endpoints; raises UsageError for an unknown one."""
    if wanted == "all":
        return [child.path for child in plan.body.children if child.is_map]
    if wanted == "units":
        maps = [unit.path for root in plan.roots() for unit in root.units() if unit.is_map]
        # The last layer's output is the network's output, which is returned under its own name.
        return maps + [child.path for child in plan.body.children[:-1] if child.is_vector]
    names = [name for name in re.split(r"[, ]+", wanted) if name not in ("", plan.spec.output)]
    return [plan.find(name).path for name in names]
