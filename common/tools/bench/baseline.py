"""The interface of a baseline: other code for the same network, timed alongside ours."""

from importlib import import_module
from typing import Protocol, cast

from numpy.typing import NDArray

from common.errors import MissingFramework
from common.jobs.frameworks import ALL
from common.spec.plan import Plan


class Baseline(Protocol):
    """Third-party code for the same network with the same weights, to be timed alongside ours."""

    def __init__(self, plan: Plan, file: str) -> None:
        """Builds the network with the weights from a file in our format or the baseline's own."""

    def classify(self, x: NDArray) -> NDArray:
        """The results for a batch N x C x H x W, computed the way the baseline's users do."""


class TrainingBaseline(Baseline, Protocol):
    """A baseline that also trains."""

    def take_step(self, x: NDArray, labels: NDArray) -> float:
        """Takes one training step and returns the loss before it."""


def import_baseline(name: str, baseline: str) -> type[Baseline]:
    """A baseline's class in a framework's `baselines.py`.

    Raises MissingFramework if it cannot be imported.
    """
    try:
        baselines = import_module(f"{ALL[name].folder}.baselines").BASELINES
        return cast(type[Baseline], baselines[baseline])
    except ImportError as error:
        raise MissingFramework(f"{baseline} is not installed ({error})") from None
