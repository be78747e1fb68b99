"""Anybody's Keras network: told from other things, filled with numbers, watched as it runs."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from common.check.trace import Call, Drop, Trace, numbers
from common.spec import Shape

VERSION = tf.__version__
NETWORK = layers.Layer
# The layers with weights, and what those are called.
LAYERS = {
    layers.DepthwiseConv2D: ("conv", {"weight": "kernel", "bias": "bias"}),
    layers.Conv2D: ("conv", {"weight": "kernel", "bias": "bias"}),
    layers.Dense: ("linear", {"weight": "kernel", "bias": "bias"}),
    layers.BatchNormalization: (
        "norm",
        {
            "weight": "gamma",
            "bias": "beta",
            "running_mean": "moving_mean",
            "running_var": "moving_variance",
        },
    ),
}
WATCHED = (*LAYERS, layers.SeparableConv2D)


def prepare(dtype: str, note: Callable[[Any], None]) -> None:
    """Has networks made from here on compute in `dtype`, and `note` told of each layer made."""
    keras.config.set_floatx(dtype)
    init = layers.Layer.__init__

    def noted(self: layers.Layer, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        note(self)

    layers.Layer.__init__ = noted


def parts(net: layers.Layer) -> list[layers.Layer]:
    """The layers within a network."""
    return list(net._flatten_layers(include_self=False))


def own_input(net: layers.Layer) -> Shape | None:
    """The C x H x W that a network is made for, where it says so."""
    shape = getattr(net, "input_shape", None)
    if isinstance(shape, tuple) and len(shape) == 4 and None not in shape[1:]:
        return (shape[3], *shape[1:3])
    return None


def count_parameters(net: layers.Layer) -> int:
    """How many numbers the network learns."""
    return sum(int(np.prod(each.shape)) for each in net.trainable_weights)


def fill(net: layers.Layer, draw: np.random.Generator) -> None:
    """Puts numbers drawn at random in place of all weights and statistics."""
    for each in net.weights:
        shape, is_variance = tuple(each.shape), each.name == "moving_variance"
        inputs = shape[:2] if each.name == "depthwise_kernel" else shape[:-1]
        if keras.backend.is_float_dtype(each.dtype):
            each.assign(numbers(shape, draw, int(np.prod(inputs)) * bool(inputs), is_variance))


def trace(net: layers.Layer, x: NDArray, heads: bool, lines: Callable[[Any], tuple]) -> Trace:
    """What the network does with a batch N x C x H x W, in evaluation mode.

    With `heads` the network is in training mode, and its dropout and batch norm are not.
    """
    learning = [
        layer
        for layer in (parts(net) if heads else [])
        if isinstance(layer, layers.BatchNormalization) and layer.trainable
    ]
    for layer in learning:
        layer.trainable = False
    with without_dropout(heads) as drops, record(net, lines) as calls:
        found = compute(net, x, heads)
    for layer in learning:
        layer.trainable = True
    outputs = [to_numpy(output) for output in keras.tree.flatten(found)]
    return Trace(x, calls, outputs, count_parameters(net), drops=drops)


def take_step(net: layers.Layer, x: NDArray, labels: NDArray) -> int:
    """Takes a step of gradient descent of size 1, without dropout; gives the number of outputs.

    The loss is the sum of the cross entropies of all outputs.
    """
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with without_dropout(True), tf.GradientTape() as tape:
        found = keras.tree.flatten(compute(net, x, training=True))
        loss = tf.add_n([cross_entropy(labels, output) for output in found])
    variables = list(net.trainable_variables)
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    for variable, gradient in zip(variables, gradients, strict=True):
        if gradient is not None:
            variable.assign_sub(gradient)
    return len(found)


def compute(net: layers.Layer, x: NDArray, training: bool) -> Any:
    """What the network gives for a batch N x C x H x W.

    It is never told that this is no training: a layer that was made for training shows it then.
    """
    takes_it = "training" in inspect.signature(net.call).parameters
    options = {"training": True} if training and takes_it else {}
    return net(tf.constant(x.transpose(0, 2, 3, 1), keras.config.floatx()), **options)


@contextmanager
def without_dropout(wanted: bool) -> Iterator[list[Drop]]:
    """Has dropout, as a layer or as a function, pass on what it is given, where that is wanted.

    The list is filled with those that would have been at work.
    """
    drops: list[Drop] = []

    def passed(x: Any, rate: float, **_: Any) -> Any:
        if rate:
            drops.append(Drop(float(rate), to_numpy(x)))
        return x

    def called(self: layers.Dropout, inputs: Any, training: bool = False) -> Any:
        return passed(inputs, self.rate if training else 0)

    new = {
        (layers.Dropout, "call"): called,
        (layers.SpatialDropout2D, "call"): called,
        (keras.random, "dropout"): passed,
        (tf.nn, "dropout"): passed,
    }
    own = {place: getattr(*place) for place in new}
    for place in new if wanted else ():
        setattr(*place, new[place])
    try:
        yield drops
    finally:
        for place, function in own.items():
            setattr(*place, function)


@contextmanager
def record(net: layers.Layer, lines: Callable[[Any], tuple]) -> Iterator[list[Call]]:
    """A list in which the layers with weights leave what went in and came out while it is open.

    An activation that a layer has within itself counts as a step behind it.
    """
    calls: list[Call] = []
    before = split_activations(net)
    call = layers.Layer.__call__

    def recorded(self: layers.Layer, *args: Any, **kwargs: Any) -> Any:
        y = call(self, *args, **kwargs)
        x = args[0] if args else next(iter(kwargs.values()))
        if isinstance(self, WATCHED) and not isinstance(x, keras.KerasTensor):
            ends = to_numpy(x), to_numpy(before.get(id(self), y))
            if isinstance(self, layers.SeparableConv2D):
                calls.extend(separated(self, x, *ends, lines(self)))
            else:
                kind, arrays = weights_of(self)
                calls.append(Call(self.name, kind, arrays, *ends, lines(self)))
        return y

    layers.Layer.__call__ = recorded
    try:
        yield calls
    finally:
        layers.Layer.__call__ = call


def split_activations(net: layers.Layer) -> dict[int, Any]:
    """A dict in which layers leave what they are before their own activation, by their id."""
    before: dict[int, Any] = {}

    def keep(layer: layers.Layer, activation: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def kept(x: Any) -> Any:
            before[id(layer)] = x
            return activation(x)

        return kept

    for layer in (net, *parts(net)):
        if isinstance(layer, WATCHED) and getattr(layer, "activation", None):
            layer.activation = keep(layer, layer.activation)
    return before


def weights_of(layer: layers.Layer) -> tuple[str, dict[str, NDArray]]:
    """A layer's kind, and its weights as a weights file has them."""
    kind, names = next(found for each, found in LAYERS.items() if isinstance(layer, each))
    own = {ours: getattr(layer, theirs, None) for ours, theirs in names.items()}
    arrays = {ours: np.array(each) for ours, each in own.items() if each is not None}
    if isinstance(layer, layers.DepthwiseConv2D):
        arrays["weight"] = one_a_channel(arrays["weight"])
    elif kind == "conv":
        arrays["weight"] = arrays["weight"].transpose(3, 2, 0, 1)
    elif kind == "linear":
        arrays["weight"] = arrays["weight"].T
    return kind, arrays


def one_a_channel(kernel: NDArray) -> NDArray:
    """A depthwise kernel, rows x columns x channels x multiplier, as a weights file has it."""
    rows, columns = kernel.shape[:2]
    return kernel.transpose(2, 3, 0, 1).reshape(-1, 1, rows, columns)


def separated(
    layer: layers.SeparableConv2D, x: Any, before: NDArray, after: NDArray, lines: tuple
) -> Iterator[Call]:
    """The two convolutions that a separable one is."""
    between = to_numpy(
        keras.ops.depthwise_conv(
            x,
            layer.depthwise_kernel,
            layer.strides,
            layer.padding,
            dilation_rate=layer.dilation_rate,
        )
    )
    depthwise = {"weight": one_a_channel(np.array(layer.depthwise_kernel))}
    pointwise = {"weight": np.array(layer.pointwise_kernel).transpose(3, 2, 0, 1)}
    if layer.use_bias:
        pointwise["bias"] = np.array(layer.bias)
    yield Call(f"{layer.name}, depthwise", "conv", depthwise, before, between, lines)
    yield Call(f"{layer.name}, pointwise", "conv", pointwise, between, after, lines)


def to_numpy(tensor: Any) -> NDArray:
    """A tensor in NumPy, a map with its channels first."""
    array = np.array(tensor)
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array
