"""Layers that Keras lacks, and replacements for its own where a plan needs different ones.

They are exact in float64, keep NaN, and support dropout masks that are the same in every framework.
"""

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import KerasTensor, layers, ops

from common.spec.padding import mean_matrix


@keras.saving.register_keras_serializable("tensorflow_impl")
class LRN(layers.Layer):
    """Local response norm; TensorFlow's own lacks float64 and does not divide alpha by `size`."""

    def __init__(self, size: int, alpha: float, beta: float, **options) -> None:
        super().__init__(**options)
        self.size, self.alpha, self.beta = size, alpha, beta

    def call(self, x: KerasTensor) -> KerasTensor:
        # A product with a band matrix sums near channels.
        near = ops.ones((x.shape[-1], x.shape[-1]), x.dtype)
        near = ops.tril(ops.triu(near, -((self.size - 1) // 2)), self.size // 2)
        base = ops.matmul(x * x, near * (self.alpha / self.size)) + 1
        return x * power(base, -self.beta)

    def get_config(self) -> dict:
        own = {"size": self.size, "alpha": self.alpha, "beta": self.beta}
        return super().get_config() | own


def power(x: KerasTensor, exponent: float) -> KerasTensor:
    """x ** exponent; for LRN's usual one as square roots, which take much less time."""
    if exponent != -0.75:
        return x**exponent
    root = ops.rsqrt(x)
    return root * ops.sqrt(root)


@keras.saving.register_keras_serializable("tensorflow_impl")
class Affine(layers.Layer):
    """Computes scale * x + shift with constants: one pair per channel, or one for all."""

    def __init__(self, scale: Sequence[float], shift: Sequence[float], **options) -> None:
        super().__init__(**options)
        self.scale, self.shift = tuple(scale), tuple(shift)

    def call(self, x: KerasTensor) -> KerasTensor:
        return x * exact(self.scale, x) + exact(self.shift, x)

    def get_config(self) -> dict:
        return super().get_config() | {"scale": self.scale, "shift": self.shift}


@keras.saving.register_keras_serializable("tensorflow_impl")
class MaxPool(layers.MaxPooling2D):
    """`MaxPooling2D` that in evaluation returns NaN where all values of a window are NaN.

    Keras' own returns the lowest finite number there, which would hide that weights overflow.
    """

    def call(self, x: KerasTensor, training: bool = False) -> KerasTensor:
        y = super().call(x)
        lowest = tf.as_dtype(self.compute_dtype).min
        return y if training else ops.where(y == lowest, math.nan, y)


@keras.saving.register_keras_serializable("tensorflow_impl")
class AdaptiveAvgPool(layers.Layer):
    """Means over windows that may differ in size, as a product with one matrix for each axis."""

    def __init__(self, size: int, **options) -> None:
        super().__init__(**options)
        self.size = size

    def call(self, x: KerasTensor) -> KerasTensor:
        rows, columns = (exact(mean_matrix(n, self.size), x) for n in x.shape[1:3])
        return ops.einsum("nhwc,ih,jw->nijc", x, rows, columns)

    def get_config(self) -> dict:
        return super().get_config() | {"size": self.size}


@keras.saving.register_keras_serializable("tensorflow_impl")
class Dropout(layers.Dropout):
    """Keras' own dropout, unless `key` is set: then every framework drops the same values.

    `first` is the index of the batch's first image among all images of the training step, which is
    not 0 if several processes divide it. `place` is the layer's path in the plan.
    """

    key: KerasTensor | None = None
    first: KerasTensor | int = 0

    def __init__(self, rate: float, place: str = "", **options) -> None:
        super().__init__(rate, **options)
        self.place = place

    def call(self, x: KerasTensor, training: bool = False) -> KerasTensor:
        if self.key is None or not training or not self.rate:
            return super().call(x, training=training)
        kept = keeps(self.key, self.first, x, self.rate)
        return ops.where(kept, x / (1 - self.rate), ops.zeros_like(x))

    def get_config(self) -> dict:
        return super().get_config() | {"place": self.place}


def keeps(key: KerasTensor, first: KerasTensor | int, x: KerasTensor, rate: float) -> KerasTensor:
    """The mask of values to keep in a batch, as in `common.training.dropout`.

    `first` is the index of the batch's first image. Positions are counted with channels first, as
    in the other frameworks.
    """
    images, *rest = ops.shape(x)
    shape = (images, rest[-1], *rest[:-1])  # channels first
    values = math.prod(shape[1:])
    h = ops.bitwise_xor(ops.arange(images * values, dtype="int64") + first * values, key)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x31848BAB)):
        h = ops.bitwise_and(ops.bitwise_xor(h, ops.right_shift(h, shift)) * factor, 0xFFFFFFFF)
    h = ops.reshape(ops.bitwise_xor(h, ops.right_shift(h, 16)), shape)
    order = (0, *range(2, len(shape)), 1)
    return ops.transpose(h >= int(rate * 2**32), order)


def exact(values: Sequence, like: KerasTensor) -> KerasTensor:
    """Constants in the dtype of `like`; Keras would first round Python numbers to float32."""
    return ops.convert_to_tensor(np.asarray(values), dtype=like.dtype)
