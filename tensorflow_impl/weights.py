"""Weights in and out of a Keras network; a kernel is (rows, columns, in, out) or (in, out)."""

from collections.abc import Mapping
from pathlib import Path

import keras
from numpy.typing import NDArray

from common import weights
from tensorflow_impl.build import keras_name

KERAS_NAMES = {"weight": "kernel", "bias": "bias"}


def load(net: keras.Model, arrays: Mapping[str, NDArray]) -> None:
    """Sets every parameter from the arrays of its name; they fit the network's plan."""
    for name, variable in variables(net).items():
        variable.assign(turned(arrays[name], TO_KERAS))


def read(net: keras.Model) -> dict[str, NDArray]:
    """Every parameter as an array under its name."""
    return {name: turned(variable.numpy(), FROM_KERAS) for name, variable in variables(net).items()}


def variables(net: keras.Model) -> dict[str, keras.Variable]:
    """The variable that holds each parameter."""
    found = {}
    for name in net.plan.parameters():
        path, _, kind = name.rpartition(".")
        found[name] = getattr(net.get_layer(keras_name(path)), KERAS_NAMES[kind])
    return found


TO_KERAS = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
FROM_KERAS = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}


def turned(array: NDArray, axes: Mapping[int, tuple[int, ...]]) -> NDArray:
    """A weight from one layout into the other."""
    return array.transpose(axes[array.ndim])


def load_weights(net: keras.Model, path: str | Path) -> None:
    """Sets every parameter from a weights file; raises DataError for a file that does not fit."""
    load(net, weights.fit(str(path), *weights.read(Path(path)), net.plan))


def save_weights(net: keras.Model, path: str | Path) -> None:
    """Writes every parameter into a weights file, whole or not at all."""
    weights.write(Path(path), read(net), net.plan)
