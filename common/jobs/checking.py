"""A user's own network: found in a file or a module, made, and run on a batch of noise."""

import importlib
import importlib.util
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from common.arrays import Arrays
from common.check.candidates import likely_input
from common.check.trace import Trace, labels, noise
from common.errors import DataError
from common.jobs.contract import Checker
from common.jobs.finding import find
from common.jobs.frameworks import import_checker
from common.jobs.job import Check, Report
from common.jobs.lines import Lines, guarded
from common.networks import NETWORKS, network
from common.spec import Shape, shape_text

DIGITS = {"float64": 10, "float32": 4}  # that the arithmetic is good to
HALF = 2  # of any other
MEMORY_SHARE = 0.75  # of the machine's memory


def check(job: Check) -> Report:
    """The trace of the network that a job names, in float64, or in float32 if it must be."""
    began = time.perf_counter()
    checker, lines = import_checker(job.framework), Lines()
    imported = time.perf_counter()
    path = Path(job.source).resolve()  # before the user's code changes the folder
    limit_memory()
    failure: DataError | None = None
    for dtype in DIGITS:
        sys.argv[:] = [job.source]  # as `python FILE.py` has it
        checker.prepare(dtype, lines.note)
        try:
            arrays, parameters = guarded(job, lines, lambda: traced(job, path, checker, lines))
        except DataError as error:
            failure = failure or error
            continue
        seconds = time.perf_counter() - imported
        return Report(arrays, checker.VERSION, parameters, imported - began, seconds)
    raise failure or DataError(f"{job.source}: nothing was computed")


def limit_memory() -> None:
    """Lets this process, and each that it starts, hold a share of the memory at most (on Linux)."""
    most = int(MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limit = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if limit == resource.RLIM_INFINITY or limit > most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def traced(job: Check, path: Path, checker: Checker, lines: Lines) -> tuple[Arrays, int]:
    """The trace as arrays, and the network's own count of its parameters."""
    module = guarded(job, lines, lambda: load(job, path, lines))
    trace = watch(job, checker, find(job, checker, module), lines)
    computed = {str(call.output.dtype) for call in trace.calls}
    digits = min(DIGITS.get(each, HALF) for each in computed)
    return replace(trace, digits=digits).pack(), trace.parameters


def load(job: Check, path: Path, lines: Lines) -> ModuleType:
    """The user's module, imported anew."""
    depth = sys.getrecursionlimit()
    try:
        if not job.source.endswith(".py"):
            module = importlib.import_module(job.source)
            lines.file = getattr(module, "__file__", "") or ""
            return module
        lines.file = str(path)
        sys.path.insert(0, str(path.parent))  # as `python FILE.py` would
        made = importlib.util.spec_from_file_location(own_name(path), path)
        if made is None or made.loader is None:
            raise DataError(f"{job.source}: Python cannot import this file")
        module = importlib.util.module_from_spec(made)
        sys.modules[made.name] = module
        made.loader.exec_module(module)
        return module
    finally:
        sys.setrecursionlimit(depth)  # the file may have left less than a network needs


def own_name(path: Path) -> str:
    """What a file is called as a module: `keras.py` must not hide Keras."""
    other = sys.modules.get(path.stem)
    is_other = other is not None and getattr(other, "__file__", "") != str(path)
    return f"{path.stem}_of_yours" if is_other else path.stem


def watch(job: Check, checker: Checker, net: Any, lines: Lines) -> Trace:
    """What the network does with noise of the size that it is made for."""
    given = tuple(job.input) if job.input else checker.own_input(net)
    sizes = [given] if given else list(usual_inputs(job.network))
    failure: DataError | None = None
    for size in sizes:
        try:
            trace = attempt(job, checker, net, size, lines)
        except DataError as error:
            failure = failure or error
            continue
        better = None if given or job.network else likely_input(trace)
        if better and better != size:
            try:
                return attempt(job, checker, net, better, lines)
            except DataError:
                pass  # it does not compute at that size
        return trace
    tried = ", ".join(shape_text(size) for size in sizes)
    raise DataError(f"{failure} (on {tried}; another size: --input CxHxW)")


def attempt(job: Check, checker: Checker, net: Any, size: Shape, lines: Lines) -> Trace:
    """The same as `run`; raises DataError for whatever the user's code raises."""
    return guarded(job, lines, lambda: run(job, checker, net, size, lines))


def run(job: Check, checker: Checker, net: Any, size: Shape, lines: Lines) -> Trace:
    """What the network, filled with numbers, does with noise of this size."""
    x = noise(size)
    checker.fill(net, np.random.default_rng(0), x, job.heads)
    trace = checker.trace(net, x, job.heads, lines.of)
    if not trace.outputs:
        raise DataError(f"{job.source}: the network returns no array")
    if not trace.calls:
        raise DataError(f"{job.source}: the network computes nothing with weights")
    return trained(job, checker, net, trace, lines) if job.grad else trace


def trained(job: Check, checker: Checker, net: Any, trace: Trace, lines: Lines) -> Trace:
    """The trace with what dropout does in training, and with the weights that one step leaves.

    Raises DataError where the network has other outputs in training.
    """
    drops = checker.trace(net, trace.image, True, lines.of).drops
    classes = labels(len(trace.image), trace.outputs[0].shape[-1])
    count = checker.take_step(net, trace.image, classes)
    if count != len(trace.outputs):
        raise DataError(
            f"{job.source}: in training it gives {count} outputs, in evaluation "
            f"{len(trace.outputs)}; --aux takes the heads in"
        )
    again = checker.trace(net, trace.image, job.heads, lines.of)
    return replace(trace, after=[call.weights for call in again.calls], drops=drops)


def usual_inputs(name: str | None) -> Iterator[Shape]:
    """The inputs to try: that of the network asked for, or those of all."""
    if name:
        yield network(name).input
    yield from dict.fromkeys(network(each).input for each in NETWORKS)
