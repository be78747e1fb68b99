"""Makes networks from the classes and functions of a user's file."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from traceback import walk_tb
from typing import Any

from common.networks import NETWORKS, network
from common.spec import Shape
from common.tools.check.arguments import UNKNOWN, Symbolic, call_text, fill, parameters_of
from common.tools.check.check_jobs import Check
from common.tools.check.checker import Checker
from common.tools.check.named_sizes import named_sizes
from common.tools.check.source_lines import Lines
from common.tools.check.user_file import StopHere, UserFile, stopped

CIFAR, MNIST = (3, 32, 32), (1, 28, 28)


@dataclass(frozen=True, eq=False, kw_only=True)
class Made:
    """A network, the name in the file that it comes from, and the call that made it, if any."""

    name: str
    net: Any
    how: str = ""
    again: Callable[[], "Made | None"] | None = None  # makes one more of it


@dataclass
class Maker:
    """Makes networks from a file's classes and functions; `failed` has the errors by name."""

    job: Check
    checker: Checker
    file: UserFile
    lines: Lines
    failed: dict[str, BaseException | str] = field(default_factory=dict)

    def make(self, name: str, thing: Any) -> Made | None:
        """The network that a class or function makes; None if it makes none."""
        failure: BaseException | None = None
        large: Made | None = None
        for given in self.argument_sets(thing):
            if UNKNOWN in given.values():
                break
            before = len(self.lines.found)
            try:
                made = self.from_call(name, thing, given)
                if made is None or not self.checker.is_too_large(made.net):
                    return made or large
                large = large or made
            except BaseException as error:  # even SystemExit from a function `main`
                failure = failure or error
                if (net := left_behind(self, thing, error, before)) is not None:
                    return Made(name=name, net=net, how=f"{name}(), which then failed")
        if large:
            return large
        for text in self.file.calls_of(name) if failure is None else ():
            try:
                return self.from_expression(name, text)
            except BaseException as error:
                failure = error if failure is None or isinstance(failure, NameError) else failure
        given = next(self.argument_sets(thing))
        # A call may fail only because it was taken out of its place in the file.
        if UNKNOWN in given.values() and (failure is None or isinstance(failure, NameError)):
            self.failed[name] = call_text(name, given)
        elif failure is not None:
            self.failed[name] = failure
        return None

    def argument_sets(self, thing: Any) -> Iterator[dict[str, Any]]:
        """Yields arguments by their usual names, for one input size after the other."""
        classes = 1000 if self.job.network is None else network(self.job.network).classes
        usual = [*named_sizes(self.file.tree), *usual_inputs(self.job.network)]
        sizes = [tuple(self.job.input)] if self.job.input else usual
        seen: list[dict[str, Any]] = []
        for size in sizes:
            given = fill(thing, size, classes, self.job.heads)
            if given not in seen:
                seen.append(given)
                yield given

    def from_call(self, name: str, thing: Any, given: dict[str, Any]) -> Made | None:
        """The network made by a call with these arguments; None if the call makes none."""
        named = self.with_input(given)
        if any(each is None and isinstance(given[key], Symbolic) for key, each in named.items()):
            return None
        places = {key: parameters_of(thing)[key].kind for key in named}
        first = [named.pop(key) for key, kind in places.items() if kind is kind.POSITIONAL_ONLY]
        before = len(self.lines.found)
        with stopped(self.checker.TRAINING):
            net = self.network_in(thing(*first, **named))
        if net is None and inspect.isfunction(thing):
            net = biggest_since(self, before, ())
        if net is None:
            return None
        again = partial(self.from_call, name, thing, given)
        return Made(name=name, net=net, how=call_text(name, given), again=again)

    def with_input(self, given: dict[str, Any]) -> dict[str, Any]:
        """Arguments with the input of a functional model; None in its place if there is none."""
        return {
            key: self.checker.symbolic_input(each.size) if isinstance(each, Symbolic) else each
            for key, each in given.items()
        }

    def from_expression(self, name: str, text: str) -> Made | None:
        """The network made by a call that stands in the file."""
        with stopped(self.checker.TRAINING):
            net = self.network_in(eval(text, vars(self.file.module)))
        again = partial(self.from_expression, name, text)
        return None if net is None else Made(name=name, net=net, how=text, again=again)

    def network_in(self, made: Any) -> Any:
        """The network that an object is, or has as a part or attribute; None without one."""
        net = self.checker.as_network(made)
        if is_network(net, self.checker):
            return net
        if isinstance(made, list | tuple):
            return next((each for each in map(self.network_in, made) if each is not None), None)
        own = vars(made).values() if getattr(type(made), "__module__", "") == self.own else ()
        return next((each for each in own if is_network(each, self.checker)), None)

    def has_weights(self, made: Made) -> bool:
        """Whether a network has parameters, or may get some when it is called."""
        try:
            return self.checker.count_parameters(made.net) > 0
        except Exception:  # layers without sizes yet cannot be counted
            return True

    @property
    def own(self) -> str:
        """The name of the file's module."""
        return self.file.module.__name__


def left_behind(maker: Maker, thing: Any, error: BaseException, before: int) -> Any:
    """The network that a function made, before it failed or began to train."""
    if not inspect.isfunction(thing):
        return None
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    failed = [each for each in frames if each.f_code.co_name in ("__init__", "build")]
    unfinished = {
        id(own)
        for each in failed
        if isinstance(own := each.f_locals.get("self"), maker.checker.NETWORK)
    }
    if unfinished and not isinstance(error, StopHere):
        return None
    return biggest_since(maker, before, unfinished)


def biggest_since(maker: Maker, before: int, unfinished: set[int] | tuple) -> Any:
    """The largest network made after `before` layers; None if only layers were made."""
    layers = [each for each, _ in list(maker.lines.found.values())[before:]]
    nets = [
        each
        for each in layers
        if id(each) not in unfinished
        and is_network(each, maker.checker)
        and len(maker.checker.parts(each)) > 3
    ]
    return max(nets, key=lambda each: len(maker.checker.parts(each)), default=None)


def is_network(thing: Any, checker: Checker) -> bool:
    """Whether an object is a network with layers or parameters."""
    try:
        return isinstance(thing, checker.NETWORK) and bool(
            checker.parts(thing) or checker.count_parameters(thing)
        )
    except Exception:  # a layer whose own `__init__` has failed
        return False


def usual_inputs(name: str | None) -> Iterator[Shape]:
    """Yields the input sizes to try: first that of the requested network, then the published ones.

    CIFAR's is among the first, for networks whose first layers do not reduce the image.
    """
    first, *others = dict.fromkeys(network(each).input for each in NETWORKS)
    own = [network(name).input] if name else []
    yield from dict.fromkeys((*own, first, CIFAR, *others, MNIST))


def outermost(nets: Sequence[Made], checker: Checker) -> list[Made]:
    """The networks that are not part of others, and whose class no other class uses as a part.

    Of the framework's own containers, others may use the class.
    """
    parts = [(part, type(made.net)) for made in nets for part in checker.parts(made.net)]
    within = {id(part) for part, _ in parts}
    used = {type(part) for part, owner in parts if type(part) is not owner}
    own = checker.NETWORK.__module__.partition(".")[0]
    used = {each for each in used if each.__module__.partition(".")[0] != own}
    return [each for each in nets if id(each.net) not in within and type(each.net) not in used]


def largest(nets: Sequence[Made], checker: Checker) -> list[Made]:
    """The networks with more than half as many layers as the largest; others are unused blocks."""
    sizes = [1 + len(checker.parts(made.net)) for made in nets]
    return [net for net, size in zip(nets, sizes, strict=True) if 2 * size > max(sizes)]


def distinct(nets: Sequence[Made], checker: Checker) -> list[Made]:
    """The networks without those that another name makes as well."""
    found: dict[object, Made] = {}
    for made in nets:
        key: object = id(made.net)
        with suppress(Exception):  # layers without sizes yet cannot be described
            key = type(made.net), *map(description, checker.parts(made.net))
        found.setdefault(key, made)
    return list(found.values())


def description(layer: Any) -> str:
    """A layer's type and settings, without its name."""
    if not hasattr(layer, "get_config"):
        return repr(layer)
    try:
        return f"{type(layer)} {without_names(layer.get_config())}"
    except Exception:  # a class of the user's own, whose layers are described themselves
        return f"{type(layer)} {[tuple(each.shape) for each in layer.weights]}"


def without_names(config: Any) -> Any:
    """A layer's settings without its name and those of the layers in it."""
    match config:
        case dict():
            return {key: without_names(each) for key, each in config.items() if key != "name"}
        case list() | tuple():
            return [without_names(each) for each in config]
    return config
