"""A framework and a network, made ready in a worker, and what a job computes with them."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from common.arrays import Arrays
from common.jobs.contract import Runner
from common.jobs.frameworks import import_runner
from common.jobs.job import Evaluate, Grad, Predict, Report, Run
from common.plan import Plan


def compute_with(
    job: Run | Grad | Evaluate | Predict,
    plan: Plan,
    arrays: Mapping[str, NDArray],
    compute: Callable[[Runner, Any], Arrays],
    device: str = "cpu",
) -> Report:
    """What `compute` makes of the job's framework and its network, and how long it took."""
    began = time.perf_counter()
    runner = import_runner(job.framework)
    runner.choose_device(device)
    imported = time.perf_counter()
    net = runner.load_network(plan, arrays, job.dtype)
    found = compute(runner, net)
    ended = time.perf_counter()
    figures = imported - began, ended - imported
    return Report(found, runner.VERSION, runner.count_parameters(net), *figures)


def make_classifier(
    runner: Runner, net: Any, plain: bool, output: str = "logits"
) -> Callable[[NDArray], NDArray]:
    """What turns batches into the output of that name, as fast as can be unless it is plain."""
    if plain:
        return lambda x: runner.run(net, x, [])[output]
    return runner.classifier(net)
