"""The contract: what each framework's folder offers to the jobs, file by file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.check.trace import Trace
from common.plan import Plan
from common.spec import Shape

if TYPE_CHECKING:  # slow to import
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

    def train(self, net: Any, run: "TrainingRun", group: Any) -> None:
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

    def fill(self, net: Any, draw: np.random.Generator, x: NDArray, heads: bool) -> None:
        """Puts numbers drawn at random in place of all weights and statistics.

        What is made when it first runs is made for a batch N x C x H x W.
        """

    def trace(
        self, net: Any, x: NDArray, heads: bool, lines: Callable[[Any], tuple[int, ...]]
    ) -> Trace:
        """What the network does with a batch N x C x H x W, in evaluation mode; with its heads,
        if asked."""

    def take_step(self, net: Any, x: NDArray, labels: NDArray) -> int:
        """Takes a step of gradient descent of size 1, without dropout; gives the number of outputs.

        The loss is the sum of the cross entropies of all outputs.
        """
