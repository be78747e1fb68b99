"""The frameworks: the one list of them, and the contract that each one's folder keeps."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.check.trace import Trace
from common.errors import MissingFramework
from common.plan import Plan
from common.spec import Shape
from common.training.run import TrainingRun


class Runner(Protocol):
    """What a framework's `run.py` offers a worker; `Any` is that framework's own network."""

    VERSION: str

    def choose_device(self, wanted: str) -> None:
        """Has what follows computed on the CPU or the first GPU; `auto` means a GPU if any.

        Raises UsageError where there is none to be had.
        """

    def load_network(self, plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> Any:
        """The network with these weights, computing in `dtype`: a float type, or bfloat16, in which
        products are computed while weights stay float32.

        Raises UsageError for one that the framework does not compute in.
        """

    def run(self, net: Any, x: NDArray, paths: Sequence[str]) -> Arrays:
        """The result, the heads' outputs and those of the layers at `paths`, in evaluation mode.

        `x` is N x C x H x W, and so are the maps that come out.
        """

    def grad(self, net: Any, x: NDArray, labels: NDArray) -> Arrays:
        """The training loss and its gradient by every parameter, in the weights file's layout."""

    def classifier(self, net: Any) -> Callable[[NDArray], NDArray]:
        """What turns batches into results in evaluation mode, as fast as the framework can."""

    def count_parameters(self, net: Any) -> int:
        """How many parameters the framework itself would learn."""


class FastRunner(Runner, Protocol):
    """What the `run.py` of one that is timed layer by layer offers beside that."""

    def tensor(self, net: Any, x: NDArray) -> Any:
        """A batch N x C x H x W as the network takes it."""

    def fast(self, net: Any) -> Callable[[Any], Any]:
        """The network for inference, from tensors to tensors."""


class Training(Protocol):
    """What a framework's `train.py` offers."""

    def train(self, net: Any, run: TrainingRun, group: Any) -> None:
        """Trains the network as the run's recipe says, from where the run stands."""


class Processes(Protocol):
    """What a framework's `processes.py` offers."""

    def join(self, size: int) -> Any:
        """The group of so many processes that train together; before anything is computed."""


class Writer(Protocol):
    """What a framework's `files.py` offers, where only the framework can write its files."""

    def write(self, path: Path, arrays: Mapping[str, NDArray]) -> None:
        """Writes arrays by name, as the framework's own users save them."""


class CheckpointReader(Writer, Protocol):
    """What TensorFlow's `files.py` offers beside that."""

    def read(self, path: Path) -> Arrays:
        """The arrays in a file that only the framework can read."""

    def places(self, plan: Plan) -> dict[str, str]:
        """Where the framework keeps each array of a network in a file of its own."""

    def published_places(self, plan: Plan) -> dict[str, str]:
        """The same for the network as the framework itself publishes it."""


class Printer(Protocol):
    """What a framework's `source.py` offers, without importing the framework."""

    def source(self, plan: Plan) -> str:
        """A network as one file of plain source."""


class Peer(Protocol):
    """Another's code for the same network with the same weights, to be timed beside ours."""

    def __init__(self, plan: Plan, file: str) -> None:
        """The peer's network, with the weights in a file of ours, or of its own kind."""

    def classify(self, x: NDArray) -> NDArray:
        """The results of a batch N x C x H x W, as the peer's users compute them."""


class TrainingPeer(Peer, Protocol):
    """One that trains, too."""

    def take_step(self, x: NDArray, labels: NDArray) -> float:
        """Takes a step of training; gives the loss before it."""


class Checker(Protocol):
    """What a framework's `check.py` offers: `Any` is a network that a user wrote in it."""

    VERSION: str
    NETWORK: type

    def prepare(self, dtype: str, note: Callable[[Any], None]) -> None:
        """Has networks made from here on compute in `dtype`, and `note` told of each layer made."""

    def parts(self, net: Any) -> list[Any]:
        """The layers within a network."""

    def own_input(self, net: Any) -> Shape | None:
        """The C x H x W that a network is made for, where it says so."""

    def count_parameters(self, net: Any) -> int:
        """How many numbers the network learns."""

    def fill(self, net: Any, draw: np.random.Generator) -> None:
        """Puts numbers drawn at random in place of all weights and statistics."""

    def trace(
        self, net: Any, x: NDArray, heads: bool, lines: Callable[[Any], tuple[int, ...]]
    ) -> Trace:
        """What the network does with a batch N x C x H x W, in evaluation mode; with its heads,
        if asked."""

    def take_step(self, net: Any, x: NDArray, labels: NDArray) -> int:
        """Takes a step of gradient descent of size 1, without dropout; gives the number of outputs.

        The loss is the sum of the cross entropies of all outputs.
        """


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
