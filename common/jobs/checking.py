"""A user's own network: found in a file or a module, made, and run on a batch of noise."""

import importlib
import importlib.util
import inspect
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np

from common.check.candidates import likely_input
from common.check.trace import Trace, noise
from common.errors import DataError
from common.jobs.frameworks import Checker, import_checker
from common.jobs.job import Check, Report
from common.jobs.lines import Lines
from common.networks import NETWORKS, network
from common.spec import Shape, shape_text

# What keeps a published network from fetching weights, or from ending in probabilities.
SWITCHES = {"weights": None, "pretrained": False, "classifier_activation": None}
DIGITS = {"float64": 10, "float32": 4}  # that the arithmetic is good to


def check(job: Check) -> Report:
    """The trace of the network that a job names, in float64, or in float32 if it must be."""
    began, process = time.perf_counter(), os.getpid()
    checker, lines = import_checker(job.framework), Lines()
    imported = time.perf_counter()
    failure: DataError | None = None
    for dtype in DIGITS:
        checker.prepare(dtype, lines.note)
        try:
            module = load(job, lines)
            trace = watch(job, checker, find(job, checker, module, lines), lines)
        except DataError as error:
            failure = failure or error
            continue
        if os.getpid() != process:  # the user's file forked
            os._exit(0)
        arrays = replace(trace, digits=DIGITS[dtype]).pack()
        seconds = time.perf_counter() - imported
        return Report(arrays, checker.VERSION, trace.parameters, imported - began, seconds)
    raise failure or DataError(f"{job.source}: nothing was computed")


def load(job: Check, lines: Lines) -> ModuleType:
    """The user's module, imported anew; raises DataError for what it does instead."""
    if not job.source.endswith(".py"):
        found = guarded(job, lines, lambda: importlib.import_module(job.source))
        module = cast(ModuleType, found)
        lines.file = getattr(module, "__file__", "") or ""
        return module
    path = Path(job.source).resolve()
    lines.file = str(path)
    sys.path.insert(0, str(path.parent))  # as `python FILE.py` would
    made = importlib.util.spec_from_file_location(path.stem, path)
    if made is None or made.loader is None:
        raise DataError(f"{job.source}: Python cannot import this file")
    module, loader = importlib.util.module_from_spec(made), made.loader
    sys.modules[path.stem] = module
    guarded(job, lines, lambda: loader.exec_module(module))
    return module


def guarded(job: Check, lines: Lines, act: Any) -> Any:
    """What the user's code gives; raises DataError that says what it did instead, and where."""
    try:
        return act()
    except DataError:
        raise
    except SystemExit as error:
        raise DataError(f"{job.source}: it ends the process (exit {error.code})") from None
    except SyntaxError as error:
        raise DataError(f"{job.source}, line {error.lineno}: {error.msg}") from None
    except Exception as error:
        where = [f.lineno for f in inspect.trace() if f.filename == lines.file]
        line = f", line {where[-1]}" if where else ""
        message = f"{type(error).__name__}: {str(error).strip() or 'no message'}"
        raise DataError(f"{job.source}{line}: {' '.join(message.split())[:300]}") from None


def find(job: Check, checker: Checker, module: ModuleType, lines: Lines) -> Any:
    """The network in a module: the one named, the one that a call makes, or the only one."""
    if job.call:
        made = guarded(job, lines, lambda: eval(job.call, vars(module)))
        return expect(job, checker, made, job.call)
    if job.name:
        if not hasattr(module, job.name):
            raise DataError(f"{job.source} has nothing called {job.name!r}")
        return expect(job, checker, make(job, getattr(module, job.name)), job.name)
    own = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, checker.NETWORK) or getattr(thing, "__module__", "") == module.__name__
    ]
    for kind in (is_instance, is_class, is_function):
        made = [net for net in builds(job, checker, own, kind) if checker.parts(net)]
        nets = largest(outermost(made, checker), checker)
        if len(nets) == 1:
            return nets[0]
        if nets:
            names = ", ".join(sorted({type(net).__name__ for net in nets}))
            raise DataError(f"{job.source} has several networks ({names}); name one: FILE.py:NAME")
    raise DataError(no_network(job, checker, own))


def is_instance(thing: Any, checker: Checker) -> bool:
    """Whether a thing is a network."""
    return isinstance(thing, checker.NETWORK)


def is_class(thing: Any, checker: Checker) -> bool:
    """Whether a thing is a class of networks."""
    return inspect.isclass(thing) and issubclass(thing, checker.NETWORK)


def is_function(thing: Any, checker: Checker) -> bool:  # noqa: ARG001
    """Whether a thing is a function, which may make a network."""
    return inspect.isfunction(thing)


def builds(job: Check, checker: Checker, own: Sequence[Any], kind: Any) -> Iterator[Any]:
    """The networks among the things of one kind that can be made without being told more."""
    for thing in own:
        if kind(thing, checker) and not missing_arguments(thing):
            try:
                made = make(job, thing)
            except Exception:
                continue
            if isinstance(made, checker.NETWORK):
                yield made


def outermost(nets: Sequence[Any], checker: Checker) -> list[Any]:
    """The networks that are not part of another."""
    parts = [part for net in nets for part in checker.parts(net)]
    within, kinds = {id(part) for part in parts}, {type(part) for part in parts}
    own = {type(net) for net in nets}
    return [net for net in nets if id(net) not in within and type(net) not in kinds & own]


def largest(nets: Sequence[Any], checker: Checker) -> list[Any]:
    """The networks but for blocks that nothing uses: those of less than half as many layers."""
    most = max((len(checker.parts(net)) for net in nets), default=0)
    return [net for net in nets if 2 * len(checker.parts(net)) > most]


def missing_arguments(thing: Any) -> list[str]:
    """The arguments that must be given to make something, but for the number of classes."""
    if not callable(thing) or not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return []
    parameters = list(inspect.signature(thing).parameters.values())
    if inspect.isfunction(thing) is False and parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    needed = [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    return [name for name in needed if "class" not in name]


def make(job: Check, thing: Any) -> Any:
    """The network itself, or what a class or function makes."""
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return thing
    names = inspect.signature(thing).parameters
    given: dict[str, Any] = {name: value for name, value in SWITCHES.items() if name in names}
    classes = 1000 if job.network is None else network(job.network).classes
    needed = [
        each.name for each in names.values() if each.default is each.empty and "class" in each.name
    ]
    return thing(**given, **dict.fromkeys(needed, classes))


def expect(job: Check, checker: Checker, made: Any, what: str) -> Any:
    """What was made, if it is a network; raises DataError otherwise."""
    if not isinstance(made, checker.NETWORK):
        raise DataError(
            f"{job.source}: {what} gives a {type(made).__name__}, no network of {job.framework}"
        )
    return made


def no_network(job: Check, checker: Checker, own: Sequence[Any]) -> str:
    """Why no network was found, in one line."""
    classes = [thing for thing in own if is_class(thing, checker)]
    for thing in classes[::-1]:
        if needed := missing_arguments(thing):
            return (
                f"{job.source}: {thing.__name__} needs {', '.join(needed)}; "
                f"say how to make it: --call '{thing.__name__}({needed[0]}=...)'"
            )
    return f"{job.source} has no network of {job.framework}: no instance, class or function of one"


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
    """The same as `run`; what the user's code raises is told as DataError."""
    return cast(Trace, guarded(job, lines, lambda: run(job, checker, net, size, lines)))


def run(job: Check, checker: Checker, net: Any, size: Shape, lines: Lines) -> Trace:
    """What the network, filled with numbers, does with noise of this size."""
    x = noise(size)
    checker.fill(net, np.random.default_rng(0))
    trace = checker.trace(net, x, job.heads, lines.of)
    if not trace.outputs:
        raise DataError(f"{job.source}: the network returns no array")
    if not trace.calls:
        raise DataError(f"{job.source}: the network computes nothing with weights")
    return trace


def usual_inputs(name: str | None) -> Iterator[Shape]:
    """The inputs to try: that of the network asked for, or those of all."""
    if name:
        yield network(name).input
    yield from dict.fromkeys(network(each).input for each in NETWORKS)
