"""Empty stand-ins for modules that a user's file imports, but that are not installed.

A file often imports what only its training needs, such as data sets and plots. A stand-in takes
any call and has every attribute. A network that does need the module fails on it, and the error
then names the stand-ins.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from os import sep
from pathlib import Path
from types import ModuleType
from typing import Any

# A class with one of these endings is the base of networks: a stand-in for it is a network.
NETWORK_ENDINGS = ("Module", "Layer", "Classifier", "Model", "Net", "Network")
# Names that a network may do without: those of data and training, not of layers.
NO_NAME = re.compile(
    r"cannot import name '(\w+)' from '((?:keras|tensorflow|torch|paddle)\b[\w.]*"
    r"(?:image|utils|callbacks|datasets|optimizers?|metrics|losses|data|sequence|text|tensorboard))'"
)
NAMED = re.compile(r"<not installed: (\w+)[\w.]*>")  # a stand-in in the text of an error


class StandIn:
    """Takes the place of anything in a module that is not installed."""

    def __init__(self, name: str, network: type) -> None:
        self.__dict__["_own"] = name, network

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self._own[0]}.{name}", self._own[1])

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__[name] = value

    def __repr__(self) -> str:
        return f"<not installed: {self._own[0]}>"

    def __call__(self, *given: Any, **named: Any) -> Any:
        """The first argument if that is None or may be decorated, else one more stand-in."""
        if given and (given[0] is None or (len(given) == 1 and callable(given[0]) and not named)):
            return given[0]
        return StandIn(self._own[0], self._own[1])

    def __mro_entries__(self, bases: tuple) -> tuple[type, ...]:
        name, network = self._own
        if name.endswith(NETWORK_ENDINGS):
            return (network_base(network),)
        return (Base,) if Base not in bases else ()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __getitem__(self, _: object) -> Any:
        return StandIn(self._own[0], self._own[1])

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __or__(self, _: object) -> Any:
        return self

    __ror__ = __or__


class Lenient(type):
    """The type of classes that have every attribute."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(name, object)


class Base(metaclass=Lenient):
    """The base of a user's class whose own base is not installed."""


def network_base(network: type) -> type:
    """A network class with what d2l's and Lightning's base classes do beside training."""

    def save_hyperparameters(self: Any, *_: object, **__: object) -> None:
        for name, value in sys._getframe(1).f_locals.items():
            if name not in ("self", "__class__") and not hasattr(self, name):
                setattr(self, name, value)

    def run(self: Any, x: Any) -> Any:
        return self.net(x)

    own = {"save_hyperparameters": save_hyperparameters, "forward": run, "call": run}
    return type("NotInstalled", (network,), own)


class Finder(MetaPathFinder, Loader):
    """Imports stand-ins for the modules in `names`, if the user's own code asks for them."""

    def __init__(self, network: type, roots: Sequence[Path]) -> None:
        self.network = network
        self.roots = tuple(str(each).rstrip(sep) + sep for each in roots)
        self.names: dict[str, None] = {}
        self.filled: dict[str, None] = {}  # names that existing modules lack

    def find_spec(self, fullname: str, *_: object) -> Any:
        """The spec of a stand-in; None for all other modules."""
        wanted = any(fullname == name or fullname.startswith(f"{name}.") for name in self.names)
        if wanted and self.is_asked_by_user():
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def is_asked_by_user(self) -> bool:
        """Whether the import statement is in the user's folder."""
        frame: Any = sys._getframe(2)
        while frame and (
            "importlib" in frame.f_code.co_filename or frame.f_code.co_filename == __file__
        ):
            frame = frame.f_back
        return bool(frame) and frame.f_code.co_filename.startswith(self.roots)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module that has every attribute."""
        network = self.network

        class Module(ModuleType):
            def __getattr__(self, name: str) -> Any:
                if name in ("__path__", "__file__"):
                    raise AttributeError(name)
                return StandIn(name, network)

        return Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Gives the module an empty `__all__`, for `from MODULE import *`."""
        module.__dict__["__all__"] = []


def fill_in(error: BaseException, finder: Finder) -> bool:
    """Puts a stand-in in the place of a name that a module of the framework no longer has."""
    text = NO_NAME.match(str(error)) if isinstance(error, ImportError) else None
    module = sys.modules.get(text[2]) if text else None
    if text is None or module is None or f"{text[2]}.{text[1]}" in finder.filled:
        return False
    setattr(module, text[1], StandIn(text[1], finder.network))
    finder.filled[f"{text[2]}.{text[1]}"] = None
    return True
