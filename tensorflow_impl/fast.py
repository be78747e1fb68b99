"""Fast inference in Keras: a compiled graph; not with XLA, which is slower on CPUs."""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import layers

from common.spec.plan import check_batch

# A graph fuses a ReLU with the convolution before it, and the fused ReLU turns NaN into 0, so
# weights that overflow would give plausible logits. A leaky ReLU keeps NaN and -infinity; this
# slope is so small that rounding removes its effect.
SLOPE = 1e-20


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
    """A copy of the network without heads, with its own weights and ReLUs that keep NaN."""
    output = net.output["logits"] if isinstance(net.output, dict) else net.output
    bare = keras.Model(net.inputs, output)
    copied = keras.models.clone_model(bare, clone_function=copy_layer, recursive=True)
    copied.set_weights(bare.get_weights())
    return copied


def copy_layer(layer: layers.Layer) -> layers.Layer:
    """A copy of a layer; a plain ReLU becomes one that keeps NaN."""
    config = layer.get_config()
    if type(layer) is layers.ReLU and not config["negative_slope"]:
        config["negative_slope"] = SLOPE
    return type(layer).from_config(config)
