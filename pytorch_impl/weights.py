"""Weights in and out of a PyTorch network; its own names and layouts are those of the file."""

from collections.abc import Mapping
from pathlib import Path

import torch
from numpy.typing import NDArray

from common.files import weights
from pytorch_impl.build import Network


def load(net: Network, arrays: Mapping[str, NDArray]) -> None:
    """Sets every parameter and statistic from the array of the same name; all must be there."""
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    net.load_state_dict(tensors, strict=True)


def read(net: Network) -> dict[str, NDArray]:
    """Every array of the weights file under its name; PyTorch's batch counters are left out."""
    own = net.state_dict()
    return {name: own[name].numpy() for name in net.plan.arrays()}


def load_weights(net: Network, path: str | Path) -> None:
    """Sets every parameter and statistic from a weights file; raises DataError unless all fit."""
    load(net, weights.fit(str(path), *weights.read(Path(path)), net.plan))


def save_weights(net: Network, path: str | Path) -> None:
    """Writes every parameter and statistic into a weights file, whole or not at all."""
    weights.write(Path(path), read(net), net.plan)
