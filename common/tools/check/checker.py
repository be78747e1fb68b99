"""The interface of a framework's checker, which runs networks written by users."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from common.jobs.frameworks import ALL, import_runner
from common.spec import Shape
from common.tools.check.trace import Trace


class Checker(Protocol):
    """The interface of a framework's `check.py`; `Any` is a network that a user wrote in it."""

    VERSION: str
    NETWORK: type

    def prepare(self, dtype: str, note: Callable[[Any], None]) -> None:
        """Makes new networks compute in `dtype`, and calls `note` with each new layer."""

    def parts(self, net: Any) -> list[Any]:
        """The layers inside a network."""

    def own_input(self, net: Any) -> Shape | None:
        """The input size C x H x W that a network declares; None if it declares none."""

    def count_parameters(self, net: Any) -> int:
        """The number of trainable parameters of a network."""

    def fill(self, net: Any, draw: np.random.Generator, x: NDArray, heads: bool) -> None:
        """Replaces all weights and running statistics by random numbers.

        Layers that are created on the first run are created for a batch N x C x H x W.
        """

    def trace(
        self, net: Any, x: NDArray, heads: bool, lines: Callable[[Any], tuple[int, ...]]
    ) -> Trace:
        """The trace of the network on a batch N x C x H x W, in evaluation mode.

        The heads are included if `heads` is true.
        """

    def take_step(self, net: Any, x: NDArray, labels: NDArray) -> int:
        """Takes one gradient descent step of size 1 without dropout; returns the number of outputs.

        The loss is the sum of the cross entropies of all outputs.
        """


def import_checker(name: str) -> Checker:
    """Returns a framework's `check.py`; raises MissingFramework if that cannot be imported."""
    import_runner(name)
    return cast(Checker, import_module(f"{ALL[name].folder}.check"))
