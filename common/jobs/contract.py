"""The interface of each framework's `run.py`, which the jobs use."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from common.arrays import Arrays
from common.spec.plan import Plan


class Runner(Protocol):
    """The interface of a framework's `run.py`; its functions take and return NumPy arrays.

    `Any` stands for that framework's own network.
    """

    VERSION: str

    def choose_device(self, wanted: str) -> None:
        """Sets the device to the CPU or a GPU; `auto` means a GPU if there is one.

        A process that a launcher has started uses the GPU of its local rank in PyTorch, and the
        one that the framework selects in the others. Raises UsageError if the device is not
        available.
        """

    def load_network(self, plan: Plan, arrays: Mapping[str, NDArray], dtype: str) -> Any:
        """The network with these weights, computing in `dtype`.

        `dtype` is float32, float64 or bfloat16; with bfloat16, only products are computed in it,
        and weights stay in float32. Raises UsageError if the framework does not support it.
        """

    def forward_pass(self, net: Any, x: NDArray, paths: Sequence[str]) -> Arrays:
        """The outputs of the network, its heads and the layers at `paths`, in evaluation mode.

        `x` and the returned feature maps are N x C x H x W.
        """

    def grad(self, net: Any, x: NDArray, labels: NDArray) -> Arrays:
        """The training loss and its gradient with respect to each parameter.

        The arrays are in the layout of weights files.
        """

    def inference_function(self, net: Any) -> Callable[[NDArray], NDArray]:
        """The fastest function from a batch to the output: `fast(net)` where it exists."""

    def count_parameters(self, net: Any) -> int:
        """The number of trainable parameters, as counted by the framework itself."""


class FastRunner(Runner, Protocol):
    """The interface of the `run.py` of a framework whose layers can also be timed one by one."""

    def tensor(self, net: Any, x: NDArray) -> Any:
        """A batch N x C x H x W, converted to the input that the network expects."""

    def fast(self, net: Any) -> Callable[[Any], Any]:
        """The network prepared for inference, as a function of tensors of the framework."""
