"""Runs a user's Keras network for `googlenet check`: fills it with random weights, traces it."""

import inspect
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from math import prod
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from common.spec import Shape
from common.tools.check.random_values import numbers
from common.tools.check.trace import Trace
from tensorflow_impl.old_names import OLD_NAMES  # noqa: F401  # part of the interface
from tensorflow_impl.tracer import WATCHED, record, to_numpy, without_dropout

VERSION = tf.__version__
NETWORK = layers.Layer
TOO_LARGE = 200_000_000  # parameters, or values in the maps of one image
# Functions that train or download; a statement of the user's file that calls one is left out.
TRAINING = (
    (keras.Model, "fit"),
    (keras.Model, "train_on_batch"),
    (tf.GradientTape, "gradient"),
    (keras.utils, "get_file"),
    *((getattr(keras.datasets, name), "load_data") for name in ("mnist", "cifar10", "cifar100")),
    (keras.datasets.fashion_mnist, "load_data"),
    (urllib.request, "urlopen"),
    (urllib.request, "urlretrieve"),
)


def prepare(dtype: str, note: Callable[[Any], None]) -> None:
    """Makes `dtype` the default for new networks, and calls `note` with each layer created.

    This changes Keras for the rest of the process.
    """
    keras.config.set_floatx(dtype)
    tf.config.run_functions_eagerly(True)  # wrappers do not see what a graph computes
    tf.nn.lrn = tf.nn.local_response_normalization = lrn  # the original takes no float64
    WATCHED.divert()
    init = layers.Layer.__init__

    def noted(self: layers.Layer, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        note(self)

    layers.Layer.__init__ = noted


def lrn(
    input: tf.Tensor,
    depth_radius: int = 5,
    bias: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.5,
    name: str | None = None,  # noqa: ARG001
) -> tf.Tensor:
    """`tf.nn.local_response_normalization` of any dtype."""
    channels = input.shape[-1]
    near = tf.linalg.band_part(
        tf.ones((channels, channels), input.dtype), depth_radius, depth_radius
    )
    return input / (bias + alpha * tf.tensordot(tf.square(input), near, 1)) ** beta


def symbolic_input(size: Shape) -> Any:
    """The input of a functional model, for images of the size C x H x W."""
    return keras.Input((*size[1:], size[0]))


def as_network(made: Any) -> Any:
    """The functional model of which these are the outputs; any other object as it is."""
    flat = made if isinstance(made, list | tuple) else [made]
    if not flat or not all(isinstance(each, keras.KerasTensor) for each in flat):
        return made
    inputs = sources(flat[-1])
    outputs = [each for each in flat if not any(each is x for x in inputs)]
    return keras.Model(inputs, outputs[0] if len(outputs) == 1 else outputs)


def sources(tensor: Any) -> list[Any]:
    """The inputs that a tensor is computed from.

    Keras' `get_source_inputs` follows each path, of which nested branches have millions.
    """
    left, seen, found = [tensor], {id(tensor)}, []
    while left:
        layer, number, _ = (each := left.pop())._keras_history
        node = layer._inbound_nodes[number] if layer and layer._inbound_nodes else None
        if node is None or node.is_input:
            found.append(each)
            continue
        before = [one for one in node.input_tensors if id(one) not in seen]
        seen |= {id(one) for one in before}
        left += before
    return found


def parts(net: layers.Layer) -> list[layers.Layer]:
    """All layers inside a network, at any depth."""
    return list(net._flatten_layers(include_self=False))


def own_input(net: layers.Layer) -> Shape | None:
    """The C x H x W that a network is built for, if it declares one."""
    shape = getattr(net, "input_shape", None)
    if isinstance(shape, tuple) and len(shape) == 4 and None not in shape[1:]:
        return (shape[3], *shape[1:3])
    return None


def is_unshaped(net: layers.Layer) -> bool:
    """Whether layers of a network get the shapes of their weights from the first input."""
    return not all(layer.built for layer in net._flatten_layers())


def is_too_large(net: layers.Layer) -> bool:
    """Whether the size for which a network was made makes it far larger than published ones.

    Of those, the largest has 56 million parameters, and 93 million values in its maps.
    """
    maps = [each for layer in net._flatten_layers() if (each := output_shape(layer))]
    values = sum(prod(each[1:]) for each in maps if None not in each[1:])
    return max(count_parameters(net), values) > TOO_LARGE


def output_shape(layer: layers.Layer) -> Shape | None:
    """The shape of a layer's output, if it has one that is known before it is called."""
    with suppress(Exception):  # a layer that was never called, or several times
        return tuple(layer.output.shape)
    return None


def count_parameters(net: layers.Layer) -> int:
    """The number of parameters, frozen ones included, without running statistics."""
    own = {id(each): each for layer in net._flatten_layers() for each in layer._trainable_variables}
    return sum(int(np.prod(each.shape)) for each in own.values())


def fill(net: layers.Layer, draw: np.random.Generator, x: NDArray, heads: bool) -> None:
    """Replaces all weights and running statistics with random values.

    Layers without weights yet are first built by a call with `x`, a batch N x C x H x W. With
    `heads`, the network is in training mode.
    """
    keras.config.set_dtype_policy(keras.config.floatx())
    for layer in net._flatten_layers():  # some are set to compute in float16
        layer.dtype_policy = keras.config.floatx()
    if is_unshaped(net):
        compute(net, x, heads)
    for each in net.weights:
        shape = tuple(each.shape)
        inputs = shape[:2] if each.name == "depthwise_kernel" else shape[:-1]
        if keras.backend.is_float_dtype(each.dtype):
            each.assign(numbers(each.name, shape, draw, int(np.prod(inputs))))


def trace(net: layers.Layer, x: NDArray, heads: bool, lines: Callable[[Any], tuple]) -> Trace:
    """The trace of the network on a batch N x C x H x W, in evaluation mode.

    With `heads` only dropout and batch norm are in evaluation mode, and the rest in training mode.
    `lines` returns the lines of the user's file in which a layer was created.
    """
    learning = [
        layer
        for layer in (parts(net) if heads else [])
        if isinstance(layer, layers.BatchNormalization) and layer.trainable
    ]
    for layer in learning:
        layer.trainable = False
    try:
        with without_dropout(heads) as drops, record(net, lines) as calls:
            found = compute(net, x, heads)
    finally:
        for layer in learning:
            layer.trainable = True
    outputs = [to_numpy(output) for output in keras.tree.flatten(found)]
    # The losses of Keras expect probabilities by default, those of the others logits.
    return Trace(
        image=x,
        calls=calls,
        outputs=outputs,
        parameters=count_parameters(net),
        drops=drops,
        notes=idle_dropout(net) if heads else (),
        steps=calls.steps,
        probabilities=True,
    )


def idle_dropout(net: layers.Layer) -> list[str]:
    """A note if a network has dropout that `fit` does not activate, because `call` hides it."""
    takes_it = "training" in inspect.signature(net.call).parameters
    drops = [each for each in parts(net) if isinstance(each, layers.Dropout) and each.rate]
    own = type(net).__module__.partition(".")[0] != keras.__name__
    name = type(net).__name__
    text = f"its dropout does not act in fit: call of {name} has no argument training to pass on"
    return [text] if drops and own and not takes_it else []


def take_step(net: layers.Layer, x: NDArray, labels: NDArray) -> int:
    """Takes a gradient descent step of rate 1, without dropout; returns the number of outputs.

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
    """The network's output for a batch N x C x H x W.

    Never passes `training=False`, which in a functional model would override the `training=True` of
    a single layer, and so hide that mistake.
    """
    takes_it = "training" in inspect.signature(net.call).parameters
    options = {"training": True} if training and takes_it else {}
    return net(tf.constant(x.transpose(0, 2, 3, 1), keras.config.floatx()), **options)
