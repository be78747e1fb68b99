"""Finds the network in a user's module: an instance, or one made by a class or a function."""

import inspect
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from common.errors import DataError
from common.networks import network
from common.tools.check.check_jobs import Check
from common.tools.check.checker import Checker

# Arguments that keep a published network from downloading weights or returning probabilities.
SWITCHES = {"weights": None, "pretrained": False, "classifier_activation": None}


def find(job: Check, checker: Checker, module: ModuleType) -> Any:
    """Returns the network in a module: the one named, the one made by a call, or the only one."""
    if job.call:
        return expect(job, checker, eval(job.call, vars(module)), job.call)
    if job.name:
        if not hasattr(module, job.name):
            raise DataError(f"{job.source} does not define {job.name!r}")
        return expect(job, checker, make(job, getattr(module, job.name)), job.name)
    own = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, checker.NETWORK) or getattr(thing, "__module__", "") == module.__name__
    ]
    failed: dict[Any, BaseException] = {}
    for kind in (is_instance, is_class, is_function):
        made = list(builds(job, checker, own, kind, failed))
        nets = largest(outermost(made, checker), checker)
        if len(nets) == 1:
            return nets[0]
        if nets:
            names = ", ".join(sorted({type(net).__name__ for net in nets}))
            raise DataError(
                f"{job.source} has several networks ({names}); choose one with FILE.py:NAME"
            )
    for error in failed.values():
        raise error
    raise DataError(no_network(job, checker, own))


def is_instance(thing: Any, checker: Checker) -> bool:
    """Whether an object is a network."""
    return isinstance(thing, checker.NETWORK)


def is_class(thing: Any, checker: Checker) -> bool:
    """Whether an object is a network class."""
    return inspect.isclass(thing) and issubclass(thing, checker.NETWORK)


def is_function(thing: Any, checker: Checker) -> bool:  # noqa: ARG001
    """Whether an object is a function, which may make a network."""
    return inspect.isfunction(thing)


def builds(
    job: Check, checker: Checker, own: Sequence[Any], kind: Any, failed: dict[Any, BaseException]
) -> Iterator[Any]:
    """Yields the networks made from objects of one kind, where no more arguments are needed.

    The error of the last one that fails is kept in `failed`, under the kind.
    """
    for thing in own:
        if kind(thing, checker) and not missing_arguments(thing):
            try:
                made = make(job, thing)
            except BaseException as error:  # such as SystemExit from a function `main`
                failed[kind] = error
                continue
            is_network = isinstance(made, checker.NETWORK)
            if is_network and (checker.parts(made) or checker.count_parameters(made)):
                yield made


def outermost(nets: Sequence[Any], checker: Checker) -> list[Any]:
    """The networks that are not part of others, and whose class no other class uses as a part."""
    parts = [(part, type(net)) for net in nets for part in checker.parts(net)]
    within = {id(part) for part, _ in parts}
    used = {type(part) for part, owner in parts if type(part) is not owner}
    return [net for net in nets if id(net) not in within and type(net) not in used]


def largest(nets: Sequence[Any], checker: Checker) -> list[Any]:
    """The networks with more than half as many layers as the largest; others are unused blocks."""
    sizes = [1 + len(checker.parts(net)) for net in nets]
    return [net for net, size in zip(nets, sizes, strict=True) if 2 * size > max(sizes)]


def missing_arguments(thing: Any) -> list[str]:
    """The names of the required arguments, except for the number of classes."""
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
    """Returns the object itself, or what it makes if it is a class or function."""
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
    """Returns `made` if it is a network; raises DataError otherwise."""
    if not isinstance(made, checker.NETWORK):
        raise DataError(
            f"{job.source}: {what} gives a {type(made).__name__}, no network of {job.framework}"
        )
    return made


def no_network(job: Check, checker: Checker, own: Sequence[Any]) -> str:
    """A one-line message that explains why no network was found."""
    classes = [thing for thing in own if is_class(thing, checker)]
    for thing in classes[::-1]:
        if needed := missing_arguments(thing):
            return (
                f"{job.source}: {thing.__name__} needs {', '.join(needed)}; "
                f"specify how to create it with --call '{thing.__name__}({needed[0]}=...)'"
            )
    return f"{job.source} has no network of {job.framework}: no instance, class or function of one"
