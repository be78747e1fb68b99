"""Weights in and out of a Keras network."""

from collections.abc import Callable, Mapping
from pathlib import Path

import keras
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.files import weights
from common.files.layouts import TENSORFLOW

ADVICE = "save and load it as it was built, neither quantized nor with LoRA"


def set_arrays(net: keras.Model, arrays: Mapping[str, NDArray]) -> None:
    """Sets every parameter and statistic from the array of the same name; all must be there."""
    held = variables(net)
    for name, array in TENSORFLOW.outward(net.plan, arrays).items():
        held[name].assign(array)


def get_arrays(net: keras.Model) -> Arrays:
    """Every array of the weights file under its name.

    Raises UsageError for a network with other arrays than it was built with.
    """
    state = {name: variable.numpy() for name, variable in variables(net).items()}
    return TENSORFLOW.whole(net.plan, state, ADVICE)


def load_weights(net: keras.Model | Callable, path: str | Path, trunk_only: bool = False) -> None:
    """Sets every parameter and statistic from a weights file; raises DataError unless all fit.

    With `trunk_only` the classifier and the heads keep their values, whatever the file has there.
    The network may be inside a `tf.function` or, as all that has weights, inside another model.
    """
    net = unwrap(net)
    set_arrays(net, get_arrays(net) | weights.load(Path(path), net.plan, trunk_only))


def save_weights(net: keras.Model | Callable, path: str | Path) -> None:
    """Writes every parameter and statistic into a weights file, whole or not at all.

    The network may be wrapped as for `load_weights`. Raises UsageError or DataError for weights
    that `load_weights` would refuse: quantized, of another shape, NaN or infinite.
    """
    net = unwrap(net)
    weights.write(Path(path), get_arrays(net), net.plan)


def unwrap(net: keras.Model | Callable) -> keras.Model:
    """The network inside a `tf.function` or another model; raises UsageError if there is none."""
    inner = getattr(net, "python_function", net)
    while not hasattr(inner, "plan"):
        held = [layer for layer in getattr(inner, "layers", ()) if layer.weights]
        if len(held) != 1:
            raise UsageError(
                f"{getattr(net, 'name', type(net).__name__)} has no plan, as after "
                "keras.models.load_model; build it again with tensorflow_impl.network and give it "
                "this model's weights: set_weights(get_weights())"
            )
        inner = held[0]
    return inner


def variables(net: keras.Model) -> dict[str, keras.Variable]:
    """Every variable by its layer's name and its number in the layer: `conv1_conv/0`."""
    layers = net.layers
    return {f"{layer.name}/{n}": v for layer in layers for n, v in enumerate(layer.weights)}
