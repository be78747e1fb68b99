"""Loads and saves the weights of a Keras network."""

from collections.abc import Callable, Mapping
from pathlib import Path

import keras
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import UsageError
from common.files import weights
from common.files.framework_axes import TENSORFLOW

ADVICE = "save and load it as it was built, neither quantized nor with LoRA"


def set_arrays(net: keras.Model, arrays: Mapping[str, NDArray]) -> None:
    """Sets parameters and running statistics from arrays by name; others keep their values."""
    held = variables(net)
    for name, array in TENSORFLOW.to_layout(net.plan, arrays).items():
        held[name].assign(array)


def get_arrays(net: keras.Model) -> Arrays:
    """The arrays of a weights file by name.

    Raises UsageError if the network's arrays differ from those it was built with.
    """
    state = {name: variable.numpy() for name, variable in variables(net).items()}
    return TENSORFLOW.from_complete(net.plan, state, ADVICE)


def load_weights(
    net: keras.Model | Callable, path: str | Path, backbone_only: bool = False
) -> None:
    """Loads all parameters and running statistics from a weights file.

    Args:
        net: A network of this package, possibly inside a `tf.function`, or the only part with
            weights in another model.
        path: A .safetensors file that `save_weights` or `googlenet convert` wrote.
        backbone_only: Load everything except the classifier and the heads, which stay as they are.

    Raises:
        DataError: If the file cannot be read, or its arrays do not fit the network.
        UsageError: For a network that is not of this package, or was changed after it was built.

    Example:
        >>> save_weights(googlenet(classes=10), "googlenet.safetensors")
        >>> load_weights(googlenet(classes=7), "googlenet.safetensors", backbone_only=True)
    """
    net = unwrap(net)
    set_arrays(net, get_arrays(net) | weights.load(Path(path), net.plan, backbone_only))


def save_weights(net: keras.Model | Callable, path: str | Path) -> None:
    """Writes all parameters and running statistics to a weights file, completely or not at all.

    The format is the same for every framework.

    Args:
        net: A network as `load_weights` takes it.
        path: The .safetensors file to write.

    Raises:
        UsageError: For a network that has been changed since it was built, such as with
            quantized arrays.
        DataError: For NaN and infinity, or if the file cannot be written.

    Example:
        >>> save_weights(googlenet(classes=10), "googlenet.safetensors")
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
    """All variables by the name of the layer and the index in it: `conv1_conv/0`."""
    layers = net.layers
    return {f"{layer.name}/{n}": v for layer in layers for n, v in enumerate(layer.weights)}


def in_our_order(weight: NDArray) -> NDArray:
    """A weight in the layout of a weights file: outputs first, then inputs."""
    return weight.transpose(3, 2, 0, 1) if weight.ndim == 4 else weight.T


def one_a_channel(kernel: NDArray) -> NDArray:
    """A depthwise kernel, rows x columns x channels x multiplier, laid out as in a weights file."""
    rows, columns = kernel.shape[:2]
    return kernel.transpose(2, 3, 0, 1).reshape(-1, 1, rows, columns)
