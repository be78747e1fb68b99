"""The words of the grammar that Paddle has no layer for, or none that is exact in float64."""

import math
from collections.abc import Sequence

import numpy as np
import paddle
from paddle import Tensor, nn
from paddle.nn import functional as F

from common.windows import mean_matrix


class Conv2D(nn.Layer):
    """Paddle's own, with the bias added to whole maps: three quarters of a step's time.

    Paddle 3.3 adds one value per channel on one thread, and sums its gradient so too. A product
    with ones spreads the bias, and its gradient is a product as well.
    """

    def __init__(self, *arguments: int | Sequence[int], padding: Sequence[int]) -> None:
        super().__init__()
        plain = nn.Conv2D(*arguments, padding=padding)
        self.weight, self.bias = plain.weight, plain.bias
        plain.bias = None
        self.plain = (plain,)  # in a tuple, so that its weight is not counted again

    def forward(self, x: Tensor) -> Tensor:
        maps = self.plain[0](x)
        if not paddle.in_dynamic_mode():  # a graph joins both by itself
            return maps + self.bias.reshape([1, -1, 1, 1])
        images, _, rows, columns = maps.shape
        ones = paddle.ones([1, rows * columns], maps.dtype)
        bias = paddle.matmul(self.bias.tile([images]).unsqueeze(1), ones)
        return maps + bias.reshape(maps.shape)


class LRN(nn.Layer):
    """Paddle's own averages the squares, so its gradient is rounded, as `AvgPool` says."""

    def __init__(self, size: int, alpha: float, beta: float) -> None:
        super().__init__()
        self.size, self.alpha, self.beta = size, alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        place = np.arange(x.shape[1])
        near = abs(place[:, None] - place) <= self.size // 2
        # A product with ones adds up the neighbours; slices break Paddle's predictor.
        near = paddle.to_tensor(near.astype(float), x.dtype)
        squares = paddle.matmul(near, (x * x).flatten(2)).reshape(x.shape)
        return x / (1 + self.alpha / self.size * squares) ** self.beta


class Affine(nn.Layer):
    """Each value times a constant plus a constant, one pair per channel or one for all."""

    def __init__(self, scale: tuple[float, ...], shift: tuple[float, ...], maps: bool) -> None:
        super().__init__()
        self.scale, self.shift = list(scale), list(shift)
        self.shape = [-1, 1, 1] if maps else [-1]

    def forward(self, x: Tensor) -> Tensor:
        scale = paddle.to_tensor(self.scale, x.dtype).reshape(self.shape)
        return x * scale + paddle.to_tensor(self.shift, x.dtype).reshape(self.shape)


class MaxPool(nn.MaxPool2D):
    """Paddle's own; oneDNN's, in a graph, gives the lowest number where all is NaN, so that weights
    which overflow would give numbers again: twice that number is -infinity."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        if paddle.in_dynamic_mode() or self.stride == 1:  # convolutions beside it keep NaN
            return y
        return y * 2 / 2


class AvgPool(nn.AvgPool2D):
    """Exact in float64 by a convolution with ones; Paddle's gradient rounds 1 / size to float32."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.exclusive:  # the border counts
            return self.total(x) / (self.ksize[0] * self.ksize[1])
        return self.total(x) / self.total(paddle.ones([1, 1, *x.shape[2:]], x.dtype))

    def total(self, x: Tensor) -> Tensor:
        ones = paddle.ones([x.shape[1], 1, *self.ksize], x.dtype)
        return F.conv2d(x, ones, None, self.stride, self.padding, groups=x.shape[1])


class AdaptiveAvgPool(nn.Layer):
    """Means over windows of unequal size: a product with a matrix of weights on either side."""

    def __init__(self, input: tuple[int, ...], size: int) -> None:
        super().__init__()
        self.rows, self.columns = (mean_matrix(n, size) for n in input)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = (paddle.to_tensor(m, x.dtype) for m in (self.rows, self.columns))
        return paddle.matmul(paddle.matmul(rows, x), columns, transpose_y=True)


class GlobalAvgPool(nn.Layer):
    """The mean of each map, 1x1, exact as `AvgPool` is."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean([2, 3], keepdim=True)


class ReLU(nn.ReLU):
    """Paddle's own turns NaN into 0, so that weights which overflow would give plausible logits.

    With a slope below zero it keeps NaN; this one vanishes in rounding, but -infinity stays, too.
    In training, where the loss shows what overflows, the layer is Paddle's own.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) if self.training else F.leaky_relu(x, 1e-20)


class Dropout(nn.Dropout):
    """Paddle's own, until it has a `key`: then what it drops is the same in every framework."""

    key: int | None = None
    first: int = 0

    def forward(self, x: Tensor) -> Tensor:
        if self.key is None or not self.training or not self.p:
            return super().forward(x)
        kept = keeps(self.key, self.first * math.prod(x.shape[1:]), x, self.p)
        return paddle.where(kept, x / (1 - self.p), paddle.zeros_like(x))


class L2Norm(nn.Layer):
    """A vector divided by its length, or by 1e-12 if that is larger."""

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x)


class Concat(nn.Layer):
    """Branches from one input, joined along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return paddle.concat([branch(x) for branch in self.children()], axis=1)


class Residual(nn.Layer):
    """`scale` times a branch, plus the input or what a shortcut makes of it."""

    def __init__(self, scale: float = 1.0, branch: nn.Layer | None = None) -> None:
        super().__init__()
        self.scale = scale
        self.branch = nn.Identity() if branch is None else branch
        self.shortcut = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.branch(x) + self.shortcut(x)


def keeps(key: int, start: int, x: Tensor, rate: float) -> Tensor:
    """Which values of a batch stay, as `common.training.dropout` says."""
    h = paddle.arange(start, start + math.prod(x.shape), dtype="int64") ^ paddle.to_tensor(key)
    # Paddle shifts no int64: divided by a power of 2 it is the same.
    for shift, factor in ((16, 0x7FEB352D), (15, 0x31848BAB)):
        h = ((h ^ (h // 2**shift)) * factor) & paddle.to_tensor(0xFFFFFFFF)
    h = h ^ (h // 2**16)
    return (h >= int(rate * 2**32)).reshape(x.shape)
