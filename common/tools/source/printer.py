"""The interface of a framework's source printer, and its import without the framework."""

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Protocol, cast

from common.jobs.frameworks import ALL
from common.spec.plan import Plan
from common.tools.source.printed import Printed


class Printer(Protocol):
    """The interface of a framework's `source.py`, which does not import the framework."""

    def source(self, plan: Plan) -> Printed:
        """The network as one standalone source file."""


def import_printer(name: str) -> Printer:
    """A framework's `source.py`, loaded by file, since its package would import the framework."""
    folder = find_spec(ALL[name].folder)
    places = list(folder.submodule_search_locations or ()) if folder else []
    module_spec = spec_from_file_location(f"{name}_source", Path(places[0]) / "source.py")
    if module_spec is None or module_spec.loader is None:
        raise ImportError(f"{name}: no source.py")
    module = module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return cast(Printer, module)
