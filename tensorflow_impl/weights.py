"""Weights in and out of a Keras network; a kernel is (rows, columns, in, out) or (in, out)."""

from collections.abc import Mapping
from pathlib import Path

import keras
from numpy.typing import NDArray

from common.errors import UsageError
from common.files import weights
from common.files.layouts import layer_name
from common.plan import Plan
from common.spec import Shape

NAMES = {"weight": "kernel", "bias": "bias"}
NORM_NAMES = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def load(net: keras.Model, arrays: Mapping[str, NDArray]) -> None:
    """Sets every parameter and statistic from the array of the same name; all must be there."""
    for name, variable in variables(net).items():
        variable.assign(to_keras(arrays[name], variable.shape))


def read(net: keras.Model) -> dict[str, NDArray]:
    """Every array of the weights file under its name."""
    shapes = plan_of(net).arrays()
    own = variables(net)
    return {name: from_keras(own[name].numpy(), shape) for name, shape in shapes.items()}


def variables(net: keras.Model) -> dict[str, keras.Variable]:
    """The variable that holds each array."""
    return {name: variable(net, *name.rsplit(".", 1)) for name in plan_of(net).arrays()}


def variable(net: keras.Model, path: str, kind: str) -> keras.Variable:
    """The variable that holds one array of the layer at `path`."""
    layer = net.get_layer(layer_name(path))
    names = NORM_NAMES if isinstance(layer, keras.layers.BatchNormalization) else NAMES
    return getattr(layer, names[kind])


def to_keras(array: NDArray, shape: Shape) -> NDArray:
    """An array of the file as Keras has it; a depthwise kernel is (rows, columns, in, each)."""
    if array.ndim == 4 and array.shape[1] == 1:
        return array.reshape(*shape[2:], *shape[:2]).transpose(2, 3, 0, 1)
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def from_keras(array: NDArray, shape: Shape) -> NDArray:
    """An array of Keras as the file has it, where it has this shape."""
    if array.ndim == 4 and shape[1] == 1:
        return array.transpose(2, 3, 0, 1).reshape(shape)
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T


def load_weights(net: keras.Model, path: str | Path) -> None:
    """Sets every parameter and statistic from a weights file; raises DataError unless all fit."""
    load(net, weights.fit(str(path), *weights.read(Path(path)), plan_of(net)))


def save_weights(net: keras.Model, path: str | Path) -> None:
    """Writes every parameter and statistic into a weights file, whole or not at all."""
    weights.write(Path(path), read(net), plan_of(net))


def plan_of(net: keras.Model) -> Plan:
    """The plan a network was built from; raises UsageError for a model that has none."""
    if not hasattr(net, "plan"):
        raise UsageError(
            f"{net.name} has no plan, as after keras.models.load_model; build it again with "
            "tensorflow_impl.network and give it this model's weights: set_weights(get_weights())"
        )
    return net.plan
