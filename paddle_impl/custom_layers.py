"""The layer types that Paddle has no layer for, or none that is exact in float64."""

import math
from collections.abc import Sequence

import numpy as np
import paddle
from paddle import Tensor, nn
from paddle.nn import functional as F

from common.spec.padding import mean_matrix


class Conv2D(nn.Layer):
    """`nn.Conv2D`, but adding the bias to whole maps: a step takes three quarters of the time.

    Paddle 3.3 adds the bias, one value per channel, on a single thread, and sums its gradient the
    same way. Here a product with ones spreads the bias, so its gradient is a product as well.
    """

    def __init__(self, *arguments: int | Sequence[int], padding: Sequence[int]) -> None:
        super().__init__()
        plain = nn.Conv2D(*arguments, padding=padding)
        self.weight, self.bias = plain.weight, plain.bias
        plain.bias = None
        self.plain = (plain,)  # in a tuple, so that its weight is not registered twice

    def forward(self, x: Tensor) -> Tensor:
        maps = self.plain[0](x)
        if not paddle.in_dynamic_mode():  # a graph fuses both by itself
            return maps + self.bias.reshape([1, -1, 1, 1])
        images, _, rows, columns = maps.shape
        ones = paddle.ones([1, rows * columns], maps.dtype)
        bias = paddle.matmul(self.bias.tile([images]).unsqueeze(1), ones)
        return maps + bias.reshape(maps.shape)


class LRN(nn.Layer):
    """Local response norm; Paddle's averages squares, which rounds its gradient (see `AvgPool`)."""

    def __init__(self, size: int, alpha: float, beta: float) -> None:
        super().__init__()
        self.size, self.alpha, self.beta = size, alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        place = np.arange(x.shape[1])
        near = abs(place[:, None] - place) <= self.size // 2
        # A product with ones sums the neighbours; slices would break Paddle's predictor.
        near = paddle.to_tensor(near.astype(float), x.dtype)
        squares = paddle.matmul(near, (x * x).flatten(2)).reshape(x.shape)
        return x / (1 + self.alpha / self.size * squares) ** self.beta


class Affine(nn.Layer):
    """Scales and shifts values by constants, one pair per channel or one pair for all."""

    def __init__(self, scale: tuple[float, ...], shift: tuple[float, ...], maps: bool) -> None:
        super().__init__()
        self.scale, self.shift = list(scale), list(shift)
        self.shape = [-1, 1, 1] if maps else [-1]

    def forward(self, x: Tensor) -> Tensor:
        scale = paddle.to_tensor(self.scale, x.dtype).reshape(self.shape)
        return x * scale + paddle.to_tensor(self.shift, x.dtype).reshape(self.shape)


class MaxPool(nn.MaxPool2D):
    """`nn.MaxPool2D` that does not turn NaN into finite numbers in a graph.

    There oneDNN returns the lowest number where all values are NaN, so weights that overflow would
    give finite numbers again. Doubling the lowest number gives -infinity.
    """

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        if paddle.in_dynamic_mode() or self.stride == 1:  # parallel convolutions keep NaN
            return y
        return y * 2 / 2


class AvgPool(nn.AvgPool2D):
    """Exact in float64 by a convolution with ones; Paddle's gradient rounds 1 / size to float32."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.exclusive:  # the padding counts
            return self.total(x) / (self.ksize[0] * self.ksize[1])
        return self.total(x) / self.total(paddle.ones([1, 1, *x.shape[2:]], x.dtype))

    def total(self, x: Tensor) -> Tensor:
        ones = paddle.ones([x.shape[1], 1, *self.ksize], x.dtype)
        return F.conv2d(x, ones, None, self.stride, self.padding, groups=x.shape[1])


class AdaptiveAvgPool(nn.Layer):
    """Means over windows of unequal size, as products with a weight matrix on either side."""

    def __init__(self, input: tuple[int, ...], size: int) -> None:
        super().__init__()
        self.rows, self.columns = (mean_matrix(n, size) for n in input)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = (paddle.to_tensor(m, x.dtype) for m in (self.rows, self.columns))
        return paddle.matmul(paddle.matmul(rows, x), columns, transpose_y=True)


class GlobalAvgPool(nn.Layer):
    """The mean of each map, 1x1, as exact as `AvgPool`."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean([2, 3], keepdim=True)


class ReLU(nn.ReLU):
    """A ReLU that keeps NaN, so weights that overflow do not give plausible logits.

    Paddle's own turns NaN into 0. A ReLU with a slope for negative values keeps NaN; this slope
    vanishes in rounding, but also keeps -infinity. In training, where the loss reveals an overflow,
    the layer is Paddle's own.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) if self.training else F.leaky_relu(x, 1e-20)


class Dropout(nn.Dropout):
    """Paddle's own dropout, unless a `key` is set: then every framework drops the same values."""

    key: int | None = None
    first: int = 0

    def forward(self, x: Tensor) -> Tensor:
        if self.key is None or not self.training or not self.p:
            return super().forward(x)
        kept = keeps(self.key, self.first * math.prod(x.shape[1:]), x, self.p)
        return paddle.where(kept, x / (1 - self.p), paddle.zeros_like(x))


class L2Norm(nn.Layer):
    """Divides a vector by its length, or by 1e-12 if that is larger."""

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x)


class Concat(nn.Layer):
    """Applies branches to one input and concatenates their outputs along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return paddle.concat([branch(x) for branch in self.children()], axis=1)


class Residual(nn.Layer):
    """`scale` times a branch, plus the input or a shortcut applied to it."""

    def __init__(self, scale: float = 1.0, branch: nn.Layer | None = None) -> None:
        super().__init__()
        self.scale = scale
        self.branch = nn.Identity() if branch is None else branch
        self.shortcut = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.branch(x) + self.shortcut(x)


def keeps(key: int, start: int, x: Tensor, rate: float) -> Tensor:
    """A mask of the values of a batch to keep, as in `common.training.dropout`."""
    h = paddle.arange(start, start + math.prod(x.shape), dtype="int64") ^ paddle.to_tensor(key)
    # Paddle cannot shift int64; dividing by a power of 2 is equivalent.
    for shift, factor in ((16, 0x7FEB352D), (15, 0x31848BAB)):
        h = ((h ^ (h // 2**shift)) * factor) & paddle.to_tensor(0xFFFFFFFF)
    h = h ^ (h // 2**16)
    return (h >= int(rate * 2**32)).reshape(x.shape)
