"""Inference as fast as Keras computes it; XLA is slower on CPUs."""

from collections.abc import Callable

import keras
import tensorflow as tf


def fast(net: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """The network for inference, with the weights of each call; N x H x W x C to logits.

    Called layer by layer from Python, Keras spends most of the time of small batches there.
    """
    return tf.function(lambda x: net(x, training=False), reduce_retracing=True)
