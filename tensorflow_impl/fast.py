"""Inference as fast as Keras computes it; XLA is slower on CPUs."""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import layers

from common.plan import check_batch

# A graph joins a ReLU to the convolution before it, and the joined one turns NaN into 0, so that
# weights which overflow would give plausible logits. With a slope below zero it keeps NaN; this
# one vanishes in rounding, but -infinity stays, too.
SLOPE = 1e-20


def fast(net: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """A copy of the network for inference, with the weights that it has now; images N x H x W x C
    to logits.

    What overflows or is NaN makes its logits NaN or infinite, as in the network. Several threads
    may call it. Raises UsageError in a call for another shape.
    """
    # Called layer by layer from Python, Keras spends most of the time of small batches there.
    copied = copy(net)
    compute = tf.function(lambda x: copied(x, training=False), reduce_retracing=True)
    shape = net.input_shape[1:]

    def classify(x: tf.Tensor) -> tf.Tensor:
        x = tf.convert_to_tensor(x)
        check_batch(net.name, shape, tuple(x.shape))
        return compute(x)

    return classify


def copy(net: keras.Model) -> keras.Model:
    """The network without heads, with weights of its own and ReLUs that keep NaN."""
    output = net.output["logits"] if isinstance(net.output, dict) else net.output
    bare = keras.Model(net.inputs, output)
    copied = keras.models.clone_model(bare, clone_function=copy_layer, recursive=True)
    copied.set_weights(bare.get_weights())
    return copied


def copy_layer(layer: layers.Layer) -> layers.Layer:
    """A layer as it is; a plain ReLU keeps NaN."""
    config = layer.get_config()
    if type(layer) is layers.ReLU and not config["negative_slope"]:
        config["negative_slope"] = SLOPE
    return type(layer).from_config(config)
