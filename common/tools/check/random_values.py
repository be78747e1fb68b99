"""Random weights and images, chosen so that no difference goes unnoticed."""

import numpy as np
from numpy.typing import NDArray

from common.spec import Shape
from common.tools.check.trace import Array

VARIANCES, SCALES = ("variance", "var"), ("weight", "gamma", "scale")  # endings of names


def numbers(name: str, shape: Shape, draw: np.random.Generator, fan_in: int) -> Array:
    """Random values for a parameter, chosen so that no difference goes unnoticed.

    Weights are He-scaled for their `fan_in`, which keeps the size of their input, and a tenth of
    that in linear layers, or a softmax would be 0 or 1. For vectors, `name` decides: variances are
    in [0.5, 1.5], scales in [0.6, 1.2] with either sign, and others spread so far that maps reach
    both ends of every activation, such as the 6 of ReLU6.
    """
    if name.endswith(VARIANCES):
        return draw.uniform(0.5, 1.5, shape)
    if max(shape, default=1) < np.prod(shape):
        size = np.sqrt(2 / max(fan_in, 1)) * (0.1 if len(shape) == 2 else 1)
        return np.asarray(size * draw.standard_normal(shape))
    if name.endswith(SCALES):
        return np.asarray(draw.uniform(0.6, 1.2, shape) * draw.choice((-1, 1), shape))
    return np.asarray(1.5 * draw.standard_normal(shape))


def labels(images: int, classes: int) -> NDArray[np.int64]:
    """The class labels for a batch of training images."""
    return np.arange(images) % classes


def noise(shape: Shape, images: int = 2) -> Array:
    """A batch of noise, with a range wide enough to reach both ends of every activation.

    Its values are float32 numbers, since a network may declare that its input is float32.
    """
    wide_noise = 3 * np.random.default_rng(1).standard_normal((images, *shape))
    return wide_noise.astype(np.float32).astype(np.float64)
