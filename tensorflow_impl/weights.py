"""Weights in and out of a Keras network."""

from collections.abc import Mapping
from pathlib import Path

import keras
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.files import weights
from common.files.layouts import TENSORFLOW
from common.plan import Plan


def set_arrays(net: keras.Model, arrays: Mapping[str, NDArray]) -> None:
    """Sets every parameter and statistic from the array of the same name; all must be there."""
    held = variables(net)
    for name, array in TENSORFLOW.outward(plan_of(net), arrays).items():
        held[name].assign(array)


def get_arrays(net: keras.Model) -> Arrays:
    """Every array of the weights file under its name."""
    state = {name: variable.numpy() for name, variable in variables(net).items()}
    return TENSORFLOW.inward(plan_of(net), state)


def load_weights(net: keras.Model, path: str | Path, trunk_only: bool = False) -> None:
    """Sets every parameter and statistic from a weights file; raises DataError unless all fit.

    With `trunk_only` the classifier and the heads keep their values, whatever the file has there.
    """
    set_arrays(net, get_arrays(net) | weights.load(Path(path), plan_of(net), trunk_only))


def save_weights(net: keras.Model, path: str | Path) -> None:
    """Writes every parameter and statistic into a weights file, whole or not at all."""
    weights.write(Path(path), get_arrays(net), plan_of(net))


def variables(net: keras.Model) -> dict[str, keras.Variable]:
    """Every variable by its layer's name and its number in the layer: `conv1_conv/0`."""
    layers = net.layers
    return {f"{layer.name}/{n}": v for layer in layers for n, v in enumerate(layer.weights)}


def plan_of(net: keras.Model) -> Plan:
    """The plan a network was built from; raises UsageError for a model that has none."""
    if not hasattr(net, "plan"):
        raise UsageError(
            f"{net.name} has no plan, as after keras.models.load_model; build it again with "
            "tensorflow_impl.network and give it this model's weights: set_weights(get_weights())"
        )
    return net.plan
