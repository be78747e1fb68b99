"""Seeded initial values, drawn with NumPy so that they are the same for every framework."""

import zlib
from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray

from common.spec import Init, Shape
from common.spec.plan import Plan

Arrays = dict[str, NDArray]


def initial_arrays(plan: Plan, seed: int, random_stats: bool = False) -> Arrays:
    """Seeded initial values: weights according to the network's `init`, the rest constant.

    Biases are 0, and a batch norm starts as the identity. With `random_stats`, the biases and the
    arrays of batch norm are also random, so that an implementation that ignores one of them is
    noticed. Each array has its own random stream, seeded with `seed` and the array's name, so a
    network has the same backbone with and without heads.
    """
    arrays = {}
    for name, shape in plan.array_shapes().items():
        stream = np.random.default_rng([seed, zlib.crc32(name.encode())])
        if len(shape) > 1:
            arrays[name] = draw_weights(shape, stream, plan.spec.init)
        else:
            arrays[name] = draw_vector(name, shape, stream, random_stats)
    return arrays


def draw_weights(shape: Shape, stream: np.random.Generator, init: Init) -> NDArray[np.float32]:
    """The initial weights of a convolution or linear layer."""
    fan_out, fan_in = shape[0] * prod(shape[2:]), prod(shape[1:])
    match init:
        case Init.FAN_OUT:
            deviation = sqrt(2 / fan_out) if len(shape) == 4 else 0.01
            values = deviation * stream.standard_normal(shape)
        case Init.PADDLE if len(shape) == 2:
            values = sqrt(3 / fan_in) * stream.uniform(-1, 1, shape)
        case Init.FAN_IN | Init.PADDLE:
            values = sqrt(2 / fan_in) * stream.standard_normal(shape)
        case Init.XAVIER:
            values = sqrt(6 / (fan_in + fan_out)) * stream.uniform(-1, 1, shape)
        case Init.NORMAL:
            values = 0.01 * stream.standard_normal(shape)
        case Init.TRUNCATED:
            values = stream.standard_normal(shape)
            while (far := np.abs(values) > 2).any():
                values[far] = stream.standard_normal(far.sum())
            values *= 0.01
    return values.astype(np.float32)


def draw_vector(
    name: str, shape: Shape, stream: np.random.Generator, random: bool
) -> NDArray[np.float32]:
    """The initial values of a bias or an array of batch norm: a constant, plus noise if random."""
    constant = 1 if name.endswith((".weight", ".running_var")) else 0
    # Uniform rather than normal, so that no variance can be negative.
    spread = stream.uniform(-0.3, 0.3, shape) if random else np.zeros(shape)
    return (constant + spread).astype(np.float32)
