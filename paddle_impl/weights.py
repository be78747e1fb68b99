"""Weights in and out of a Paddle network."""

from collections.abc import Mapping
from pathlib import Path

from numpy.typing import NDArray

from common.arrays import Arrays
from common.files import weights
from common.files.layouts import PADDLE
from paddle_impl.build import Network


def set_arrays(net: Network, arrays: Mapping[str, NDArray]) -> None:
    """Sets every parameter and statistic from the array of the same name; all must be there."""
    tensors = net.state_dict()
    for name, array in PADDLE.outward(net.plan, arrays).items():
        tensors[name].set_value(array.astype(tensors[name].numpy().dtype))


def get_arrays(net: Network) -> Arrays:
    """Every array of the weights file under its name; scales that stand in are left out."""
    state = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    return PADDLE.inward(net.plan, state)


def load_weights(net: Network, path: str | Path, trunk_only: bool = False) -> None:
    """Sets every parameter and statistic from a weights file; raises DataError unless all fit.

    With `trunk_only` the classifier and the heads keep their values, whatever the file has there.
    """
    set_arrays(net, get_arrays(net) | weights.load(Path(path), net.plan, trunk_only))


def save_weights(net: Network, path: str | Path) -> None:
    """Writes every parameter and statistic into a weights file, whole or not at all."""
    weights.write(Path(path), get_arrays(net), net.plan)
