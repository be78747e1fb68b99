"""The frameworks: the one list of them, and how their folders' files are imported."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import cast

from common.errors import MissingFramework
from common.jobs.contract import (
    Checker,
    CheckpointReader,
    Peer,
    Printer,
    Processes,
    Runner,
    Training,
)


@dataclass(frozen=True)
class Framework:
    """What a framework is imported and installed as, and the folder that keeps the contract.

    `runner` is the file of its `Runner`. One that does not train is computed with only on request.
    `unused` are packages that it imports where they are installed, for parts that no worker needs.
    """

    package: str
    folder: str
    distributions: tuple[str, ...] = ()
    runner: str = "run"
    trains: bool = True
    unused: tuple[str, ...] = ()


ALL = {
    "numpy": Framework("numpy", "common", runner="judge", trains=False),
    "pytorch": Framework("torch", "pytorch_impl", ("torch",)),
    "tensorflow": Framework(
        "tensorflow",
        "tensorflow_impl",
        ("tensorflow", "tensorflow-cpu", "keras"),
        unused=("matplotlib", "scipy", "sklearn"),  # two fifths of Keras' import
    ),
    "paddle": Framework("paddle", "paddle_impl", ("paddlepaddle",)),
    "onnx": Framework("onnxruntime", "common.onnx", ("onnx", "onnxruntime"), trains=False),
}
FRAMEWORKS = tuple(name for name, framework in ALL.items() if framework.trains)
COMPARED = tuple(name for name in ALL if name != "numpy")  # with the judge


def import_runner(name: str) -> Runner:
    """A framework's `run.py`; raises MissingFramework where the framework does not import."""
    framework = ALL[name]
    try:
        with hidden(framework.unused):
            import_module(framework.package)
            return cast(Runner, import_module(f"{framework.folder}.{framework.runner}"))
    except ImportError as error:
        raise MissingFramework(
            f"{name} is not installed ({error}); pip install '.[{name}]'"
        ) from None


@contextmanager
def hidden(packages: Iterable[str]) -> Iterator[None]:
    """While it lasts, these packages cannot be imported, unless they have been."""
    names = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # None: not to be had
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


def import_files(name: str) -> CheckpointReader:
    """A framework's `files.py`."""
    return cast(CheckpointReader, import_module(f"{ALL[name].folder}.files"))


def import_printer(name: str) -> Printer:
    """A framework's `source.py`, from its file: the folder's package would import the framework."""
    folder = find_spec(ALL[name].folder)
    places = list(folder.submodule_search_locations or ()) if folder else []
    found = spec_from_file_location(f"{name}_source", Path(places[0]) / "source.py")
    if found is None or found.loader is None:
        raise ImportError(f"{name}: no source.py")
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return cast(Printer, module)


def import_peer(name: str, peer: str) -> type[Peer]:
    """A peer's class in a framework's `peers.py`; raises MissingFramework if it does not import."""
    try:
        peers = import_module(f"{ALL[name].folder}.peers").PEERS
        return cast(type[Peer], peers[peer])
    except ImportError as error:
        raise MissingFramework(f"{peer} is not installed ({error})") from None


def import_checker(name: str) -> Checker:
    """A framework's `check.py`; raises MissingFramework where the framework does not import."""
    import_runner(name)
    return cast(Checker, import_module(f"{ALL[name].folder}.check"))


def import_training(name: str) -> Training:
    """A framework's `train.py`."""
    return cast(Training, import_module(f"{ALL[name].folder}.train"))


def import_processes(name: str) -> Processes:
    """A framework's `processes.py`."""
    return cast(Processes, import_module(f"{ALL[name].folder}.processes"))
