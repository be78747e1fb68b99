"""Finds the network in a user's file: an object, or one made by a class or a function."""

import ast
import inspect
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from common.errors import DataError
from common.tools.check.building_methods import built_by
from common.tools.check.check_jobs import Check
from common.tools.check.checker import Checker
from common.tools.check.making import Made, Maker, distinct, is_network, largest, outermost
from common.tools.check.several import SeveralNetworks
from common.tools.check.source_lines import Lines, what_happened
from common.tools.check.stand_ins import StandIn
from common.tools.check.user_file import UserFile

# Functions with these names rather use a network than make it; they are called last.
USES = re.compile(r"_*(main|train|test|run|demo|plot|eval|fit|load|save|predict|show|get_?data).*")


SHOWN = 3  # calls in an error message


def find(job: Check, checker: Checker, file: UserFile, lines: Lines) -> Made:
    """The network that is named, that a call makes or that is the whole one in a file.

    Raises SeveralNetworks, or DataError that says why there is none.
    """
    maker, names = Maker(job, checker, file, lines), vars(file.module)
    if job.call:
        return expect(maker, eval(job.call, names), job.call)
    if job.name:
        if job.name not in names:
            own = {n: each for n, each in own_things(maker).items() if inspect.isclass(each)}
            if built := built_by(maker, own, {}).get(job.name):  # such as `GoogLeNet.build`
                return network_named(maker, job.name, built)
            none = DataError(f"{job.source} does not define {job.name!r}")
            raise first_error(job, file, lines) or none
        return network_named(maker, job.name, names[job.name])
    nets = outer(maker, networks_in(maker))
    if failure := failure_of_whole(maker, nets, lines):
        raise DataError(f"{job.source}{failure}")
    if joins_parts(file, nets):
        raise first_error(job, file, lines) or no_network(maker, lines)
    nets = distinct(largest(outermost(nets, checker), checker), checker)
    if nets and (whole := whole_not_made(maker, nets)):
        shown = " or ".join(f"--call '{each}'" for each in whole)
        raise DataError(f"{job.source}: specify how to create its network with {shown}")
    if len(nets) > 1:
        raise SeveralNetworks(*(made.name for made in nets))
    if not nets:
        raise first_error(job, file, lines) or no_network(maker, lines)
    add_notes(maker, nets[0], lines)
    return nets[0]


def network_named(maker: Maker, name: str, thing: Any) -> Made:
    """The network that a name of the file is or makes; raises DataError if that fails."""
    if is_network(thing, maker.checker):
        return Made(name=name, net=thing)
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        return expect(maker, thing, name)
    if made := maker.make(name, thing):
        return made
    failure = maker.failed.get(name)
    if isinstance(failure, BaseException):
        raise failure
    if failure:
        raise DataError(f"{maker.job.source}: specify how to create it with --call '{failure}'")
    return expect(maker, None, name)


def networks_in(maker: Maker) -> list[Made]:
    """The networks in a file: its objects, else what its classes or else its functions make."""
    own, left_out = own_things(maker), maker.file.unfinished() | maker.file.broken
    objects = {n: each for n, each in own.items() if n not in left_out}
    nets = [
        Made(name=n, net=each) for n, each in objects.items() if is_network(each, maker.checker)
    ]
    if nets:
        return nets
    kinds = {n: each for n, each in own.items() if inspect.isclass(each) and n not in left_out}
    networks = {n: each for n, each in kinds.items() if issubclass(each, maker.checker.NETWORK)}
    nets = made_from(maker, networks)
    used = {type(part) for made in nets for part in maker.checker.parts(made.net)}
    unmade = [n for n in networks if n in maker.failed and networks[n] not in used]
    if nets and not unmade and not built_of(maker, outermost(nets, maker.checker)):
        return nets
    functions = {n: each for n, each in own.items() if inspect.isfunction(each)}
    nets += made_from(maker, {n: f for n, f in functions.items() if not USES.fullmatch(n)})
    if not any(map(maker.has_weights, nets)):
        nets = made_from(maker, built_by(maker, kinds, networks)) or nets
    return nets or made_from(maker, {n: f for n, f in functions.items() if USES.fullmatch(n)})


def joins_parts(file: UserFile, nets: Sequence[Made]) -> bool:
    """Whether a statement that failed passes several of these networks to one call, as parts."""
    names = {made.name for made in nets}
    for call in file.failed_calls():
        parts = [part for each in call.args for part in getattr(each, "elts", [each])]
        given = {part.id for part in parts if isinstance(part, ast.Name)}
        if len(given & names) > 1:
            return True
    return False


def built_of(maker: Maker, nets: Sequence[Made]) -> list[str]:
    """The classes and functions of the file that create all these networks, as blocks."""
    blocks = {type(made.net).__name__ for made in nets}
    called = maker.file.calls().items()
    wholes = [name for name, names in called if blocks <= names.keys() and name not in blocks]
    return [name for name in wholes if not USES.fullmatch(name)]


def outer(maker: Maker, nets: list[Made]) -> list[Made]:
    """The networks without those of functions that the function of another one calls."""
    called = maker.file.calls()
    inner = {each for made in nets for each in called.get(made.name, ()) if each != made.name}
    functions = {name for name, each in own_things(maker).items() if inspect.isfunction(each)}
    return [each for each in nets if each.name not in inner & functions]


def failure_of_whole(maker: Maker, nets: Sequence[Made], lines: Lines) -> str:
    """Why a function that calls those of all these networks, or a class, failed; "" if none did.

    The failure of a class counts if it has several of them as parts, or if a module is missing.
    """
    called, own = maker.file.calls(), own_things(maker)
    blocks = {made.name for made in nets}
    for name, failure in maker.failed.items():
        calls = called.get(name, Counter())
        inside = reach(called, calls)
        is_whole = inspect.isfunction(own.get(name)) and not USES.fullmatch(name)
        has_parts = sum(calls[each] for each in blocks) > 1 or StandIn.__name__ in str(failure)
        is_whole |= inspect.isclass(own.get(name)) and has_parts
        if not is_whole or not nets or not blocks <= inside:
            continue
        if isinstance(failure, str):
            return f": specify how to create its network with --call '{failure}'"
        if not isinstance(failure, NameError):
            return what_happened(failure, lines.file)
    return ""


def reach(called: Mapping[str, Counter[str]], names: Iterable[str]) -> set[str]:
    """These names and those that their classes and functions call, directly or indirectly."""
    found: set[str] = set()
    unread = {*names}
    while unread := unread - found:
        found |= unread
        unread = {each for name in unread for each in called.get(name, ())}
    return found


def whole_not_made(maker: Maker, nets: Sequence[Made]) -> list[str]:
    """The calls, with open arguments, of the classes and functions that create all these."""
    failed = [maker.failed.get(name) for name in built_of(maker, nets)]
    return [each for each in failed if isinstance(each, str)]


def own_things(maker: Maker) -> dict[str, Any]:
    """The networks of a file, and the classes and functions that it defines, by name."""
    found: dict[int, tuple[str, Any]] = {}
    for name, thing in list(vars(maker.file.module).items()):
        is_own = getattr(thing, "__module__", "") == maker.own
        if is_own or isinstance(thing, maker.checker.NETWORK):
            found.setdefault(id(thing), (name, thing))
    return dict(found.values())


def made_from(maker: Maker, things: dict[str, Any]) -> list[Made]:
    """The networks that these classes or functions make."""
    made = [maker.make(name, thing) for name, thing in things.items()]
    return [each for each in made if each is not None]


def expect(maker: Maker, made: Any, what: str) -> Made:
    """Returns `made` if it is a network; raises DataError otherwise."""
    net = maker.network_in(made)
    if net is None:
        verb = "is" if made is vars(maker.file.module).get(what, maker) else "returns"
        found = f"{what} {verb} a {type(made).__name__}"
        raise DataError(f"{maker.job.source}: {found}, not a {title(maker)} network")
    return Made(name=what, net=net, how=what)


def title(maker: Maker) -> str:
    """The framework's name, as its users write it."""
    return maker.checker.OLD_NAMES.title


def add_notes(maker: Maker, made: Made, lines: Lines) -> None:
    """Notes which network is checked, where it is not the only or the obvious one of the file."""
    own = own_things(maker)
    kinds = [n for n, each in own.items() if inspect.isclass(each)]
    used = {type(part) for part in maker.checker.parts(made.net)} | {type(made.net)}
    for name, failure in maker.failed.items():
        has_failed = isinstance(failure, BaseException) and not isinstance(failure, NameError)
        is_aside = name in kinds and own[name] not in used
        if is_aside and (has_failed or made.name not in kinds):
            why = what_happened(failure, lines.file) if isinstance(failure, BaseException) else ""
            text = why.partition(": ")[2] or f"it needs {failure}"
            maker.file.notes.insert(
                0, f"{name} could not be created ({text}); {made.name} is checked instead"
            )
    if made.how and "=" in made.how:
        maker.file.notes.append(f"created with {made.how}")


def first_error(job: Check, file: UserFile, lines: Lines) -> DataError | None:
    """The error of the first statement of the file that failed; None if none did."""
    if not file.failures:
        return None
    return DataError(f"{job.source}{what_happened(file.failures[0][1], lines.file)}")


def no_network(maker: Maker, lines: Lines) -> DataError:
    """The error that explains why no network was found."""
    job, calls = maker.job, [each for each in maker.failed.values() if isinstance(each, str)]
    failed = [e for n, e in maker.failed.items() if not calls or not USES.fullmatch(n)]
    errors = [each for each in failed if isinstance(each, BaseException)]
    missing = "".join(f" ({note})" for note in maker.file.notes if "stand-ins" in note)
    if errors:  # an expression of the file may fail only because it was taken out of its place
        chosen = [each for each in errors if not isinstance(each, NameError)] or errors
        return DataError(f"{job.source}{what_happened(chosen[-1], lines.file)}{missing}")
    if calls:
        shown = " or ".join(f"--call '{each}'" for each in calls[::-1][:SHOWN])
        more = f", or one of {len(calls) - SHOWN} others" if len(calls) > SHOWN else ""
        return DataError(f"{job.source}: its networks need arguments; pass them with {shown}{more}")
    network = f"{title(maker)} network (instance, class or function)"
    return DataError(f"{job.source} defines no {network}{missing}")
