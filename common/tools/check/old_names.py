"""Lets code for an older version of a framework run: old names refer to today's."""

import ast
import importlib
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any


@dataclass(frozen=True, kw_only=True)
class OldNames:
    """The renamings of a framework.

    `modules` maps old modules to those, or to classes, that have their names; `names` maps a module
    and an old name in it to what it means. `reasons` are patterns of modules for which there is no
    renaming, with the version that had them. `adapt` renames arguments for a source, and says
    which. `aliases` are the usual names of modules, and `namespaces` the modules of layers, for
    code that does not import them.
    """

    title: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    namespaces: Sequence[str] = ()
    modules: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    adapt: Callable[[str], Sequence[str]] = lambda _: ()
    installed: dict[str, list[str]] = field(default_factory=dict)  # the notes, by source

    def install(self, source: str) -> list[str]:
        """Makes the old names known to the rest of the process; returns notes on those used.

        A source that is run again, in float32, is not adapted a second time.
        """
        if source not in self.installed:
            self.installed[source] = self.install_once(source)
        return self.installed[source]

    def install_once(self, source: str) -> list[str]:
        """Makes the old names known; returns notes on those used."""
        used = [name for name in self.modules if re.search(rf"\b{re.escape(name)}\b", source)]
        for old, new in self.modules.items():
            add_module(old, new)
        for (owner, name), meaning in {**STANDARD, **self.names}.items():
            module = import_or_none(owner)
            with warnings.catch_warnings():  # NumPy warns about its own old names
                warnings.simplefilter("ignore")
                is_there = module is None or hasattr(module, name)
                is_there = is_there and f"{owner}.{name}" not in self.modules  # as a stand-in
            if not is_there:
                setattr(module, name, meaning)
                own = owner.rpartition(".")[2]
                call, line = ALIASES.get(own, own), rf"from [\w.]*\b{own}\b import.*\b{name}\b"
                is_used = re.search(rf"\b({call})\.{name}\b|{line}", source)
                used += [name] if is_used and f"{owner}.{name}" not in used else []
        used += self.adapt(source)
        shown = ", ".join(dict.fromkeys(used))
        note = f"uses names from an older {self.title}, mapped to the current ones: {shown}"
        return [note] if used else []

    def reason(self, missing: str) -> str:
        """Why a module cannot be replaced, in a line; "" if that is not known."""
        return next((why for name, why in self.reasons.items() if re.match(name, missing)), "")


def add_module(old: str, new: Any) -> None:
    """Adds a module that has the names of another, or of a class; others are stand-ins."""
    meaning = import_or_none(new) if isinstance(new, str) else new
    is_hidden = old.startswith("tensorflow.python")  # not for users, but it can be imported
    if meaning is None or (not is_hidden and import_or_none(old) is not None):
        return

    class Renamed(ModuleType):
        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            if not hasattr(meaning, name):
                from common.tools.check.stand_ins import StandIn

                return StandIn(name, object)
            return getattr(meaning, name)

    parent, _, name = old.rpartition(".")
    sys.modules[old] = Renamed(old)
    sys.modules[old].__path__ = []
    owner = sys.modules.get(parent)
    if owner is not None and name not in vars(owner):
        setattr(owner, name, sys.modules[old])


def import_or_none(name: str) -> Any:
    """A module; None if it cannot be imported."""
    try:
        return importlib.import_module(name)
    except Exception:  # whatever its import raises, the user's code has not asked for it
        return None


ORDER = re.compile(r"dim_ordering|data_format", re.IGNORECASE)
SETS, ASKS = re.compile(r"set_image_\w+"), re.compile(r"image_(dim_ordering|data_format)")
FIRST = "th", "channels_first"
# The axes of maps with their channels first, and where they are if these are last.
AXES = {1: -1, -3: -1, 2: 1, -2: 1, 3: 2, -1: 2}


def is_channels_first(source: str) -> bool:
    """Whether a source asks for maps with their channels first, which few CPUs can run in Keras.

    Code for both orders is read as code for channels last, unless it sets the other one.
    """
    try:
        nodes = [*ast.walk(ast.parse(source))]
    except (SyntaxError, ValueError, RecursionError):
        return False
    asks = is_first = False
    for each in nodes:
        match each:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=given):
                if SETS.fullmatch(name) and given and is_constant(given[0]):
                    return True
                asks |= bool(ASKS.fullmatch(name))
            case ast.keyword(arg=str(name), value=value):
                is_first |= bool(ORDER.fullmatch(name)) and is_constant(value)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                is_first |= bool(ORDER.fullmatch(name)) and is_constant(value)
    return is_first and not asks


def is_constant(node: ast.AST) -> bool:
    """Whether a node is the name of the order with the channels first."""
    return isinstance(node, ast.Constant) and node.value in FIRST


def channels_last(given: tuple, named: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """The arguments of a layer for maps with their channels last."""
    own = {n: turned(e) if n.endswith("shape") else e for n, e in named.items()}
    own.pop("data_format", None)
    return given, own | ({"axis": AXES[own["axis"]]} if own.get("axis") in AXES else {})


def with_axis(given: tuple, named: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """The arguments of a layer that begin with its axis, by default the last one, by name."""
    return given[1:], {"axis": given[0] if given else -1, **named}


def turned(shape: Any) -> Any:
    """The shape of an image, with its one to four channels last."""
    if isinstance(shape, tuple | list) and len(shape) == 3 and shape[0] in (1, 2, 3, 4):
        return (*shape[1:], shape[0])
    return shape


ALIASES = {"numpy": "np|numpy", "backend": "K|backend"}  # in code
# Names of Python's and NumPy's that code of the time uses.
STANDARD = {
    ("collections", "Iterable"): __import__("collections.abc").abc.Iterable,
    ("collections", "Mapping"): __import__("collections.abc").abc.Mapping,
    ("collections", "Sequence"): __import__("collections.abc").abc.Sequence,
    ("numpy", "float"): float,
    ("numpy", "int"): int,
    ("numpy", "bool"): bool,
    ("numpy", "object"): object,
}
