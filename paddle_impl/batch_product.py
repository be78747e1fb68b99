"""A convolution of small feature maps as one matrix product for the whole batch.

Paddle computes a product for each image, which takes twice as long for maps of 3 x 3.
"""

import math
from typing import Any

import paddle
from paddle import Tensor
from paddle.nn import functional as F

MAX_POSITIONS = 64  # of an input map; with larger maps Paddle's own convolution is as fast
POINTWISE = [1, 1], [1, 1], [0, 0]  # the window of a 1x1 convolution


def suits(x: Tensor) -> bool:
    """Whether a batch's convolution is faster as one product: small maps, on a CPU."""
    return paddle.get_device() == "cpu" and math.prod(x.shape[2:]) <= MAX_POSITIONS


class BatchProduct(paddle.autograd.PyLayer):
    """The convolution and its gradients; a window is the kernel's size, strides and padding."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, *window: list[int]) -> Tensor:
        """The feature maps of a batch."""
        values = x.flatten(2) if window == POINTWISE else F.unfold(x, *window)
        values = values.transpose([0, 2, 1]).flatten(0, 1)  # one window per row
        ctx.save_for_backward(values, weight)
        ctx.window, ctx.shape, ctx.is_constant = window, x.shape, x.stop_gradient
        maps = paddle.matmul(values, weight.flatten(1), transpose_y=True) + bias
        maps = maps.reshape([x.shape[0], -1, weight.shape[0]]).transpose([0, 2, 1])
        return maps.reshape([*maps.shape[:2], *map_size(x, *window)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        """The gradients of the input, if it needs one, of the weight and of the bias."""
        values, weight = ctx.saved_tensor()
        maps = gradient.flatten(2).transpose([0, 2, 1]).flatten(0, 1)
        learned = paddle.matmul(maps, values, transpose_x=True).reshape(weight.shape), maps.sum(0)
        if ctx.is_constant:
            return None, *learned
        spread = paddle.matmul(maps, weight.flatten(1))
        spread = spread.reshape([ctx.shape[0], -1, values.shape[1]]).transpose([0, 2, 1])
        if ctx.window == POINTWISE:
            return spread.reshape(ctx.shape), *learned
        return F.fold(spread, ctx.shape[2:], *ctx.window), *learned


def map_size(x: Tensor, kernel: list[int], strides: list[int], padding: list[int]) -> list[int]:
    """The rows and columns of the feature maps."""
    windows = zip(x.shape[2:], kernel, strides, padding, strict=True)
    return [(size + 2 * pad - width) // stride + 1 for size, width, stride, pad in windows]
