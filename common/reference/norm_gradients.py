"""The backward passes of the reference's norms: batch norm, LRN and L2 norm.

As in `gradients`, dx is the gradient with respect to the input x, dy that to the output.
"""

import numpy as np

from common.reference.layers import MIN_LENGTH, Array, Weights, by_channel, length, sum_around
from common.spec.plan import Node


def others(x: Array) -> tuple[int, ...]:
    """All axes except the channel axis, for feature maps or vectors."""
    return (0, *range(2, x.ndim))


def backward_batch_norm(
    node: Node, x: Array, own: Weights, dy: Array, frozen: bool
) -> tuple[Array, Array, Array]:
    """dx of batch norm, and the gradients with respect to weight and bias.

    The paper (S. Ioffe and C. Szegedy, 2015, section 3) gives the gradients with respect to mean,
    variance and x one by one; here they are substituted into a single formula for dx. If the layer
    is frozen, mean and variance are constants.
    """
    each = {name: by_channel(array, x) for name, array in own.items()}
    deviation = np.sqrt(each["running_var"] + node.eps)
    normed = (x - each["running_mean"]) / deviation
    dweight, dbias = (dy * normed).sum(axis=others(x)), dy.sum(axis=others(x))
    count = x.size // x.shape[1]
    through = (by_channel(dbias, x) + normed * by_channel(dweight, x)) / count
    dx = each.get("weight", 1) / deviation * (dy if frozen else dy - through)
    return dx, dweight, dbias


def backward_l2_norm(x: Array, dy: Array) -> Array:
    """dx of y = x / length: dy without its component along y, divided by the length.

    Where the length is clamped to 1e-12, it is a constant, and dx is dy / 1e-12.
    """
    size = length(x)
    y = x / size
    along = np.where(size > MIN_LENGTH, (y * dy).sum(axis=1, keepdims=True), 0)
    return np.asarray((dy - y * along) / size)


def backward_lrn(x: Array, size: int, alpha: float, beta: float, dy: Array) -> Array:
    """dx of y = x / base ** beta, where base depends on the squares of the channels around x."""
    base = 1 + alpha / size * sum_around(x**2, size)
    dbase = -beta * dy * x / base ** (beta + 1)
    # x is in the windows of the channels around it. With an even size these reach one channel
    # further forward than back, unlike the windows of `sum_around`; so the channels are reversed.
    around = sum_around(dbase[:, ::-1], size)[:, ::-1]
    return np.asarray(dy / base**beta + 2 * x * alpha / size * around)
