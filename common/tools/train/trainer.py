"""The interface of a framework's training code: its loop, and distributed training."""

from importlib import import_module
from typing import Any, Protocol, cast

from common.jobs.frameworks import ALL
from common.training.training_run import TrainingRun


class Training(Protocol):
    """The interface of a framework's `train.py`."""

    def train(self, net: Any, run: TrainingRun, group: Any) -> None:
        """Trains the network with the run's recipe, starting from the run's current step."""


class Distributed(Protocol):
    """The interface of a framework's `distributed.py`."""

    def join(self, size: int) -> Any:
        """Joins and returns the group of `size` processes that train together.

        It must be called before anything is computed.
        """


def import_training(name: str) -> Training:
    """A framework's `train.py`."""
    return cast(Training, import_module(f"{ALL[name].folder}.train"))


def import_distributed(name: str) -> Distributed:
    """A framework's `distributed.py`."""
    return cast(Distributed, import_module(f"{ALL[name].folder}.distributed"))
