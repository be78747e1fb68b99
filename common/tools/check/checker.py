"""The interface of a framework's checker, which runs networks written by users."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from common.jobs.frameworks import ALL, import_runner
from common.spec import Shape
from common.tools.check.old_names import OldNames
from common.tools.check.trace import Trace


class Checker(Protocol):
    """The interface of a framework's `check.py`; `Any` is a network that a user wrote in it."""

    VERSION: str
    NETWORK: type

    @property
    def TRAINING(self) -> Sequence[tuple[Any, str]]:  # noqa: N802
        """The owners and names of the functions that train or download."""

    @property
    def OLD_NAMES(self) -> OldNames:  # noqa: N802
        """The framework's names of earlier years."""

    def prepare(self, dtype: str, note: Callable[[Any], None]) -> None:
        """Makes new networks compute in `dtype`, and calls `note` with each new layer.

        This changes the framework for the rest of the process.
        """

    def symbolic_input(self, size: Shape) -> Any:
        """The input of a functional model, for images C x H x W; None if there are none."""

    def as_network(self, made: Any) -> Any:
        """The network of which an object is the result; any other object as it is."""

    def parts(self, net: Any) -> list[Any]:
        """All layers inside a network, at any depth."""

    def own_input(self, net: Any) -> Shape | None:
        """The input size C x H x W that a network declares; None if it declares none."""

    def is_unshaped(self, net: Any) -> bool:
        """Whether layers of a network get the shapes of their weights from the first input."""

    def is_too_large(self, net: Any) -> bool:
        """Whether the size for which a network was made makes it far larger than published ones."""

    def count_parameters(self, net: Any) -> int:
        """The number of parameters of a network, counted as single values."""

    def fill(self, net: Any, draw: np.random.Generator, x: NDArray, heads: bool) -> None:
        """Replaces all weights and running statistics with random values.

        Layers that get their weights on the first call are called with `x`, a batch N x C x H x W.
        """

    def trace(
        self, net: Any, x: NDArray, heads: bool, lines: Callable[[Any], tuple[int, ...]]
    ) -> Trace:
        """The trace of the network on a batch N x C x H x W, in evaluation mode.

        With `heads`, the network is in training mode, except for its dropout and batch norm, so
        that it computes its heads. `lines` returns the lines in which a layer was created.
        """

    def take_step(self, net: Any, x: NDArray, labels: NDArray) -> int:
        """Takes a gradient descent step of rate 1, without dropout; returns the number of outputs.

        The loss is the sum of the cross entropies of all outputs.
        """


def import_checker(name: str) -> Checker:
    """Returns a framework's `check.py`; raises MissingFramework if that cannot be imported."""
    import_runner(name)
    return cast(Checker, import_module(f"{ALL[name].folder}.check"))
