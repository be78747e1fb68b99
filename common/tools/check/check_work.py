"""Finds a user's own network in a file or module, creates it, and runs it on a batch of noise."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from common.arrays import Arrays
from common.errors import DataError
from common.jobs.job import Report
from common.spec import Shape
from common.tools.check.check_jobs import Check, Submission
from common.tools.check.checker import Checker, import_checker
from common.tools.check.find_network import find
from common.tools.check.hints import with_hint
from common.tools.check.input_size import trace_at_a_size
from common.tools.check.making import Made
from common.tools.check.named_sizes import named_sizes
from common.tools.check.random_values import labels, noise
from common.tools.check.several import SeveralNetworks
from common.tools.check.source_lines import Lines, guarded
from common.tools.check.trace import Trace
from common.tools.check.user_file import UserFile, load_user_file
from common.tools.check.user_modules import users_first
from common.tools.check.weightless import shared_start

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
        except SeveralNetworks as found:
            arrays, parameters = {"about": np.array(json.dumps({"several": found.args}))}, 0
        except DataError as error:
            failure = failure or error
            continue
        seconds = time.perf_counter() - imported
        return Report(
            arrays=arrays,
            version=checker.VERSION,
            parameters=parameters,
            import_seconds=imported - began,
            seconds=seconds,
        )
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
    file = guarded(job, lines, lambda: load_user_file(job, path, checker, lines))
    try:
        trace = watch_named(job, checker, file, lines)
    except DataError as error:
        raise DataError(with_hint(str(error), file.tree, file.missing)) from None
    computed = {str(call.output.dtype) for call in trace.calls}
    digits = min(DIGITS.get(each, HALF) for each in computed)
    notes = [*file.notes, *trace.notes]
    trace = without_shared_lines(replace(trace, digits=digits, notes=notes))
    return trace.pack(), trace.parameters


def watch_named(job: Check, checker: Checker, file: UserFile, lines: Lines) -> Trace:
    """The trace of the file's network; its error names another one that is nearly as large."""
    made = find(job, checker, file, lines)
    try:
        return watch(job, checker, made, file, lines)
    except DataError as error:
        if job.call or job.name:
            raise
        file.broken.add(made.name)
        hint = ""
        with suppress(DataError, SeveralNetworks):
            other = find(job, checker, file, lines)
            if 2 * len(checker.parts(other.net)) > len(checker.parts(made.net)):
                hint = f"; {job.source}:{other.name} checks another network of the file"
        raise DataError(f"{error}{hint}") from None


def without_shared_lines(trace: Trace) -> Trace:
    """The trace without the outermost lines that all layers share, such as `net = Net()`."""
    every = [*(each.lines for each in trace.calls), *(each.lines for each in trace.steps)]
    count = len(shared_start([each for each in every if each]))

    def own(each: Any) -> Any:
        return replace(each, lines=each.lines[count:] or each.lines[-1:])

    return replace(trace, calls=[*map(own, trace.calls)], steps=[*map(own, trace.steps)])


def watch(job: Check, checker: Checker, made: Made, file: UserFile, lines: Lines) -> Trace:
    """The trace of the network on noise, at the requested input size or at one on which it runs."""
    copied = copier(checker, made, lines) if checker.is_unshaped(made.net) else lambda: made.net

    def attempt(size: Shape) -> Trace:
        return guarded(job, lines, lambda: run(job, checker, copied(), size, lines))

    return trace_at_a_size(job, checker.own_input(made.net), named_sizes(file.tree), attempt)


def copier(checker: Checker, made: Made, lines: Lines) -> Callable[[], Any]:
    """Returns a function that makes the network anew, for its first input fixes its sizes."""

    def copied() -> Any:
        if made.again and (new := made.again()):
            return new.net
        new = deepcopy(made.net)
        for old, each in zip(checker.parts(made.net), checker.parts(new), strict=True):
            lines.found[id(each)] = each, lines.of(old)
        return new

    try:
        copied()
    except Exception:  # few of Keras' own classes can be copied
        return lambda: made.net
    return copied


def run(job: Check, checker: Checker, net: Any, size: Shape, lines: Lines) -> Trace:
    """The trace of the network, filled with random numbers, on noise of this size."""
    x = noise(size)
    checker.fill(net, np.random.default_rng(0), x, job.heads)
    trace = checker.trace(net, x, job.heads, lines.of)
    if not trace.outputs:
        raise DataError(f"{job.source}: the network returns no array")
    if not all(output.size for output in trace.outputs):
        raise DataError(f"{job.source}: the network returns an empty array")
    if job.heads and len(trace.outputs) == 1:
        raise DataError(
            f"{job.source}: in training the network returns one output, and none of auxiliary "
            "heads; return these too, or leave out --aux"
        )
    if not trace.calls:
        raise DataError(f"{job.source}: no layer with weights was executed")
    if job.grad:
        return trained(job, checker, net, trace, lines)
    with suppress(Exception):  # then dropout is not compared
        again = checker.trace(net, x, True, lines.of)
        return replace(trace, drops=again.drops, notes=again.notes)
    return replace(trace, drops=None)


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


def submission(job: Submission) -> Report:
    """The documents of a file's networks, computed in processes below this one."""
    from common.tools.check.check_file import check_file
    from common.tools.check.document import verdict_json

    began = time.perf_counter()
    own = {field.name: getattr(job, field.name) for field in fields(Check)}
    found = check_file(Check(**own), job.label, job.limit, lambda *_: None)
    documents = [verdict_json(source, each) for source, each in found]
    seconds = time.perf_counter() - began
    return Report(
        arrays={"documents": np.array(json.dumps(documents))},
        version="",
        parameters=0,
        import_seconds=0,
        seconds=seconds,
    )
