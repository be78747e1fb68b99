"""Fast inference in Keras: a compiled graph; not with XLA, which is slower on CPUs."""

from collections.abc import Callable, Mapping
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from common.spec.plan import check_batch

# A graph fuses a ReLU with the convolution before it, and the fused ReLU turns NaN into 0, so
# weights that overflow would give plausible logits. A leaky ReLU keeps NaN and -infinity; this
# slope is so small that rounding removes its effect.
SLOPE = 1e-20


class Fused(layers.Layer):
    """In the place of a batch norm that is fused into a convolution: returns its input."""

    def call(self, x: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:  # noqa: ARG002
        return x


def fast(net: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a copy of the network that is optimised for inference.

    Later changes to `net` do not affect the copy, and `net` is left as it is. Overflow and NaN show
    in the logits, as they do in `net`. Several threads may call it. As in `net`, images of a
    different dtype are converted.

    Args:
        net: A network of this package, with or without heads.

    Returns:
        A function that maps images N x H x W x C to logits N x classes.

    Raises:
        UsageError: In a call, for images of a different shape.

    Example:
        >>> quick = fast(googlenet(classes=10))
        >>> quick(tf.zeros((1, 224, 224, 3))).shape
        TensorShape([1, 10])
    """
    # As a graph: for small batches, most of the time goes to Keras' calls of one layer at a time.
    copied = copy(net)
    compute = tf.function(
        lambda x: copied(x, training=False), autograph=False, reduce_retracing=True
    )
    shape = net.input_shape[1:]

    def classify(x: tf.Tensor) -> tf.Tensor:
        x = tf.convert_to_tensor(x)
        check_batch(net.name, shape, tuple(x.shape))
        return compute(x)

    return classify


def copy(net: keras.Model) -> keras.Model:
    """A copy of the network without heads, with its own weights and ReLUs that keep NaN.

    Batch norms are fused into the convolutions before them.
    """
    output = net.output["logits"] if isinstance(net.output, dict) else net.output
    bare = keras.Model(net.inputs, output)
    norms = norms_after(bare)
    copied = keras.models.clone_model(bare, clone_function=partial(copy_layer, norms=norms))
    fused = {norm.name for norm in norms.values()}
    for layer in bare.layers:
        if layer.name not in fused:
            copied.get_layer(layer.name).set_weights(weights_of(layer, norms.get(layer.name)))
    return copied


def norms_after(net: keras.Model) -> dict[str, layers.BatchNormalization]:
    """The batch norms that alone read a convolution's output, by the convolution's name."""
    found = {}
    for layer in net.layers:
        if type(layer) is layers.BatchNormalization and layer.axis in (-1, 3):
            before = layer.input._keras_history.operation
            if type(before) is layers.Conv2D and len(before._outbound_nodes) == 1:
                found[before.name] = layer
    return found


def copy_layer(layer: layers.Layer, norms: Mapping[str, layers.BatchNormalization]) -> layers.Layer:
    """A copy of a layer, with a fused batch norm; a plain ReLU becomes one that keeps NaN."""
    config = layer.get_config()
    if any(layer is norm for norm in norms.values()):
        return Fused(name=layer.name, dtype=config["dtype"])
    if layer.name in norms:
        config["use_bias"] = True
    if type(layer) is layers.ReLU and not config["negative_slope"]:
        config["negative_slope"] = SLOPE
    return type(layer).from_config(config)


def weights_of(layer: layers.Layer, norm: layers.BatchNormalization | None) -> list[NDArray]:
    """The weights of a layer; with a batch norm after it, those of a convolution that does both."""
    if norm is None:
        return layer.get_weights()
    kernel, *bias = layer.get_weights()
    scale = 1 / np.sqrt(norm.moving_variance.numpy() + norm.epsilon)
    scale = scale * norm.gamma.numpy() if norm.scale else scale
    shift = ((bias[0] if bias else 0) - norm.moving_mean.numpy()) * scale
    return [kernel * scale, shift + norm.beta.numpy() if norm.center else shift]
