"""Weights in and out of a PyTorch network."""

from collections.abc import Mapping
from pathlib import Path

import torch
from numpy.typing import NDArray

from common.arrays import Arrays
from common.files import weights
from common.files.layouts import PYTORCH
from pytorch_impl.build import Network


def set_arrays(net: Network, arrays: Mapping[str, NDArray]) -> None:
    """Sets every parameter and statistic from the array of the same name; all must be there."""
    state = PYTORCH.outward(net.plan, arrays)
    net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})


def get_arrays(net: Network) -> Arrays:
    """Every array of the weights file under its name; PyTorch's batch counters are left out."""
    state = {name: tensor.numpy(force=True) for name, tensor in net.state_dict().items()}
    return PYTORCH.inward(net.plan, state)


def load_weights(net: Network, path: str | Path, trunk_only: bool = False) -> None:
    """Sets every parameter and statistic from a weights file; raises DataError unless all fit.

    With `trunk_only` the classifier and the heads keep their values, whatever the file has there.
    """
    set_arrays(net, get_arrays(net) | weights.load(Path(path), net.plan, trunk_only))


def save_weights(net: Network, path: str | Path) -> None:
    """Writes every parameter and statistic into a weights file, whole or not at all."""
    weights.write(Path(path), get_arrays(net), net.plan)
