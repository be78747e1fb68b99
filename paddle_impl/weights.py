"""Weights in and out of a Paddle network; a linear layer's weight is (in, out) there."""

from collections.abc import Mapping
from pathlib import Path

import paddle
from numpy.typing import NDArray

from common.files import weights
from paddle_impl.build import Network


def load(net: Network, arrays: Mapping[str, NDArray]) -> None:
    """Sets every parameter and statistic from the array of the same name; all must be there."""
    for name, tensor in tensors(net).items():
        tensor.set_value(turned(arrays[name]).astype(tensor.numpy().dtype))


def read(net: Network) -> dict[str, NDArray]:
    """Every array of the weights file under its name."""
    return {name: turned(tensor.numpy()) for name, tensor in tensors(net).items()}


def tensors(net: Network) -> dict[str, paddle.Tensor]:
    """The tensor that holds each array."""
    own = net.state_dict()
    return {name: own[paddle_name(name)] for name in net.plan.arrays()}


def paddle_name(name: str) -> str:
    """A parameter's name in Paddle, which calls the running statistics otherwise."""
    return name.replace(".running_mean", "._mean").replace(".running_var", "._variance")


def turned(array: NDArray) -> NDArray:
    """A weight from the file's layout into Paddle's, or back."""
    return array.T if array.ndim == 2 else array


def load_weights(net: Network, path: str | Path) -> None:
    """Sets every parameter and statistic from a weights file; raises DataError unless all fit."""
    load(net, weights.fit(str(path), *weights.read(Path(path)), net.plan))


def save_weights(net: Network, path: str | Path) -> None:
    """Writes every parameter and statistic into a weights file, whole or not at all."""
    weights.write(Path(path), read(net), net.plan)
