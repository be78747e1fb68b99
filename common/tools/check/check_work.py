"""Finds a user's own network in a file or module, creates it, and runs it on a batch of noise."""

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
from common.errors import DataError
from common.jobs.job import Report
from common.networks import NETWORKS, network
from common.spec import Shape, shape_text
from common.tools.check.candidates import likely_input
from common.tools.check.check_jobs import Check
from common.tools.check.checker import Checker, import_checker
from common.tools.check.find_network import find
from common.tools.check.source_lines import Lines, guarded
from common.tools.check.trace import Trace, labels, noise
from common.tools.check.user_modules import users_first

DIGITS = {"float64": 10, "float32": 4}  # decimal digits to which results must agree
HALF = 2  # for any other dtype
MEMORY_SHARE = 0.75  # of the machine's memory


def check(job: Check) -> Report:
    """The trace of a job's network, computed in float64, or in float32 if that fails."""
    began = time.perf_counter()
    checker, lines = import_checker(job.framework), Lines()
    imported = time.perf_counter()
    path = Path(job.source).resolve()  # before the user's code changes the working directory
    limit_memory()
    failure: DataError | None = None
    for dtype in DIGITS:
        sys.argv[:] = [job.source]  # as `python FILE.py` sets it
        checker.prepare(dtype, lines.note)
        try:
            with users_first(path.parent):
                arrays, parameters = guarded(job, lines, lambda: traced(job, path, checker, lines))
        except DataError as error:
            failure = failure or error
            continue
        seconds = time.perf_counter() - imported
        return Report(arrays, checker.VERSION, parameters, imported - began, seconds)
    raise failure or DataError(f"{job.source}: the network could not be run")


def limit_memory() -> None:
    """Limits this process and each one that it starts to a fraction of the memory, on Linux."""
    most = int(MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limit = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if limit == resource.RLIM_INFINITY or limit > most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def traced(job: Check, path: Path, checker: Checker, lines: Lines) -> tuple[Arrays, int]:
    """The trace as arrays, and the number of parameters reported by the network."""
    module = guarded(job, lines, lambda: load(job, path, lines))
    trace = watch(job, checker, find(job, checker, module), lines)
    computed = {str(call.output.dtype) for call in trace.calls}
    digits = min(DIGITS.get(each, HALF) for each in computed)
    return replace(trace, digits=digits).pack(), trace.parameters


def load(job: Check, path: Path, lines: Lines) -> ModuleType:
    """Imports the user's module and returns it."""
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
        sys.setrecursionlimit(depth)  # the file may have lowered it below what a network needs


def own_name(path: Path) -> str:
    """The module name for a file, such that a file `keras.py` does not hide Keras."""
    other = sys.modules.get(path.stem)
    is_other = other is not None and getattr(other, "__file__", "") != str(path)
    return f"{path.stem}_of_yours" if is_other else path.stem


def watch(job: Check, checker: Checker, net: Any, lines: Lines) -> Trace:
    """The trace of the network on noise, at the requested input size or the one it declares.

    Without either, it is the first usual size on which the network runs or, if it also runs there,
    that of the most similar published network.
    """
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
                pass  # the network does not run at that size
        return trace
    tried = ", ".join(shape_text(size) for size in sizes)
    raise DataError(f"{failure} (on {tried}; set a different size with --input CxHxW)")


def attempt(job: Check, checker: Checker, net: Any, size: Shape, lines: Lines) -> Trace:
    """The result of `run`; raises DataError for anything that the user's code raises."""
    return guarded(job, lines, lambda: run(job, checker, net, size, lines))


def run(job: Check, checker: Checker, net: Any, size: Shape, lines: Lines) -> Trace:
    """The trace of the network, filled with random numbers, on noise of this size."""
    x = noise(size)
    checker.fill(net, np.random.default_rng(0), x, job.heads)
    trace = checker.trace(net, x, job.heads, lines.of)
    if not trace.outputs:
        raise DataError(f"{job.source}: the network returns no array")
    if not trace.calls:
        raise DataError(f"{job.source}: no layer with weights was executed")
    return trained(job, checker, net, trace, lines) if job.grad else trace


def trained(job: Check, checker: Checker, net: Any, trace: Trace, lines: Lines) -> Trace:
    """The trace with the dropouts that are active in training and the weights after one step.

    Raises DataError if the network has a different number of outputs in training.
    """
    drops = checker.trace(net, trace.image, True, lines.of).drops
    classes = labels(len(trace.image), trace.outputs[0].shape[-1])
    count = checker.take_step(net, trace.image, classes)
    if count != len(trace.outputs):
        raise DataError(
            f"{job.source}: in training it returns {count} outputs, in evaluation "
            f"{len(trace.outputs)}; use --aux to include the heads"
        )
    again = checker.trace(net, trace.image, job.heads, lines.of)
    return replace(trace, after=[call.weights for call in again.calls], drops=drops)


def usual_inputs(name: str | None) -> Iterator[Shape]:
    """Yields the input sizes to try: first that of the requested network, then those of all."""
    if name:
        yield network(name).input
    yield from dict.fromkeys(network(each).input for each in NETWORKS)
