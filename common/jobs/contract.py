"""The contract: the interface that each framework's folder provides to the jobs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from common.arrays import Arrays
from common.spec.plan import Plan


class Runner(Protocol):
    """The interface of a framework's `run.py`; `Any` is that framework's own network."""

    VERSION: str

    def choose_device(self, wanted: str) -> None:
        """Sets the device to the CPU or the first GPU; `auto` means a GPU if there is one.

        Raises UsageError if the device is not available.
        """

    def load_network(self, plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> Any:
        """The network with these weights, computing in `dtype`.

        `dtype` is a float type, or bfloat16, in which products are computed while weights stay
        float32. Raises UsageError if the framework does not support it.
        """

    def run(self, net: Any, x: NDArray, paths: Sequence[str]) -> Arrays:
        """The result and the outputs of the heads and of the layers at `paths`, in evaluation mode.

        `x` is N x C x H x W, and so are the feature maps that are returned.
        """

    def grad(self, net: Any, x: NDArray, labels: NDArray) -> Arrays:
        """The training loss and its gradient with respect to every parameter.

        The gradients are in the layout of the weights file.
        """

    def classifier(self, net: Any) -> Callable[[NDArray], NDArray]:
        """The fastest inference function for `net`, from batches to results, in evaluation mode."""

    def count_parameters(self, net: Any) -> int:
        """The number of trainable parameters, as counted by the framework itself."""


class FastRunner(Runner, Protocol):
    """The interface of the `run.py` of a framework that can also be timed layer by layer."""

    def tensor(self, net: Any, x: NDArray) -> Any:
        """A batch N x C x H x W, converted to the input that the network expects."""

    def fast(self, net: Any) -> Callable[[Any], Any]:
        """The network prepared for inference, as a function from tensors to tensors."""
