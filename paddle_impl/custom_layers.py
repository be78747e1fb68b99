"""Layers that Paddle lacks, and replacements for its own where a plan needs different ones.

They are faster, exact in float64 or keep NaN, and support dropout masks that are the same in every
framework.
"""

import math
from collections.abc import Sequence

import paddle
from paddle import Tensor, nn
from paddle.nn import functional as F

from common import spec
from common.spec.padding import mean_matrix
from paddle_impl.batch_product import BatchProduct, suits


class Conv2D(nn.Layer):
    """`nn.Conv2D` with a faster bias: a training step takes three quarters of the time.

    Paddle 3.3 adds the bias, one value per channel, on a single thread, and sums its gradient the
    same way. Here a matrix product with ones repeats the bias at every position of the feature map,
    so its gradient is a matrix product as well. Small maps in training: see `batch_product.py`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: spec.Size,
        stride: spec.Size,
        padding: Sequence[int],
    ) -> None:
        super().__init__()
        plain = nn.Conv2D(in_channels, out_channels, kernel, stride, padding)
        self.weight, self.bias = plain.weight, plain.bias
        plain.bias = None
        self.plain = (plain,)  # in a tuple, so that its weight is not registered twice

        top, bottom, left, right = padding
        self.window = [*self.weight.shape[2:]], [*plain._stride], [top, left]
        self.is_symmetric = (top, left) == (bottom, right)

    def forward(self, x: Tensor) -> Tensor:
        if not paddle.in_dynamic_mode():  # a static graph fuses the sum anyway
            return self.plain[0](x) + self.bias.reshape([1, -1, 1, 1])
        if self.training and self.is_symmetric and suits(x):
            return BatchProduct.apply(x, self.weight, self.bias, *self.window)
        maps = self.plain[0](x)
        images, _, rows, columns = maps.shape
        ones = paddle.ones([1, rows * columns], maps.dtype)
        bias = paddle.matmul(self.bias.tile([images]).unsqueeze(1), ones)
        return maps + bias.reshape(maps.shape)


class LRN(nn.Layer):
    """Local response norm; Paddle's own uses an average pool, whose gradient is inexact."""

    def __init__(self, size: int, alpha: float, beta: float) -> None:
        super().__init__()
        self.size, self.alpha, self.beta = size, alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        # A product with a band matrix sums near channels.
        near = paddle.ones([x.shape[1], x.shape[1]], x.dtype)
        near = near.triu(-(self.size // 2)).tril((self.size - 1) // 2) * (self.alpha / self.size)
        base = paddle.matmul(near, (x * x).flatten(2)).reshape(x.shape) + 1
        return x * power(base, -self.beta)


def power(x: Tensor, exponent: float) -> Tensor:
    """x ** exponent; for LRN's usual one as square roots, which take much less time."""
    if exponent != -0.75:
        return x**exponent
    root = x.rsqrt()
    return root * root.sqrt()


class Affine(nn.Layer):
    """Computes scale * x + shift with constants: one pair per channel, or one for all."""

    def __init__(self, scale: tuple[float, ...], shift: tuple[float, ...], maps: bool) -> None:
        super().__init__()
        self.scale, self.shift = list(scale), list(shift)
        self.shape = [-1, 1, 1] if maps else [-1]

    def forward(self, x: Tensor) -> Tensor:
        scale = paddle.to_tensor(self.scale, x.dtype).reshape(self.shape)
        return x * scale + paddle.to_tensor(self.shift, x.dtype).reshape(self.shape)


class MaxPool(nn.MaxPool2D):
    """`nn.MaxPool2D`, with a faster gradient and without finite numbers where all values are NaN.

    In a static graph, oneDNN returns the lowest finite number where all values of a window are NaN,
    which would hide that weights overflow. `y * 2 / 2` turns that number into -infinity.
    """

    def forward(self, x: Tensor) -> Tensor:
        if self.training and paddle.in_dynamic_mode() and x.place.is_cpu_place():
            return self.with_indices(x)
        y = super().forward(x)
        if paddle.in_dynamic_mode() or self.stride == 1:  # convolutions beside it keep NaN
            return y
        return y * 2 / 2

    def with_indices(self, x: Tensor) -> Tensor:
        """The same maxima; their indices make the gradient on a CPU five times as fast."""
        top, bottom, left, right = self.padding
        symmetric = (top, left) == (bottom, right)
        # Padding only below and to the right: ceil_mode has the same windows.
        if not symmetric and ((top, left) != (0, 0) or min(spec.pair(self.stride)) == 1):
            return super().forward(x)
        window = self.ksize, self.stride, (top, left)
        y, indices = F.max_pool2d(x, *window, return_mask=True, ceil_mode=not symmetric)
        if indices.min() < 0:  # a window of NaN, whose gradient would be written out of bounds
            return super().forward(x)
        return y


class AvgPool(nn.AvgPool2D):
    """`nn.AvgPool2D`, but in float64 a convolution with ones: Paddle's gradient rounds 1 / size."""

    def forward(self, x: Tensor) -> Tensor:
        if x.dtype != paddle.float64:
            return super().forward(x)
        inside = self.total(paddle.ones([1, 1, *x.shape[2:]], x.dtype))  # values in each window
        return self.total(x) / (inside if self.exclusive else self.ksize[0] * self.ksize[1])

    def total(self, x: Tensor) -> Tensor:
        ones = paddle.ones([x.shape[1], 1, *self.ksize], x.dtype)
        return F.conv2d(x, ones, None, self.stride, self.padding, groups=x.shape[1])


class AdaptiveAvgPool(nn.Layer):
    """Means over windows that may differ in size, as a product with one matrix for each axis."""

    def __init__(self, input: tuple[int, ...], size: int) -> None:
        super().__init__()
        self.rows, self.columns = (mean_matrix(n, size) for n in input)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = (paddle.to_tensor(m, x.dtype) for m in (self.rows, self.columns))
        return paddle.matmul(paddle.matmul(rows, x), columns, transpose_y=True)


class GlobalAvgPool(nn.Layer):
    """The mean of each channel, as a 1 x 1 map; exact in float64, like `AvgPool`."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean([2, 3], keepdim=True)


class ReLU(nn.ReLU):
    """A ReLU that keeps NaN, so that weights that overflow do not give plausible logits.

    Paddle's own turns NaN into 0. In evaluation this is a leaky ReLU, which keeps NaN and
    -infinity; its slope is so small that rounding removes its effect. In training, where the loss
    reveals an overflow, the layer is Paddle's own.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) if self.training else F.leaky_relu(x, 1e-20)


class Dropout(nn.Dropout):
    """Paddle's own dropout, unless `key` is set: then every framework drops the same values.

    `first` is the index of the batch's first image among all images of the training step.
    """

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
    """The mask of values to keep in a batch, as in `common.training.dropout`.

    `start` is the position of the batch's first value among those of the training step.
    """
    h = paddle.arange(start, start + math.prod(x.shape), dtype="int64") ^ paddle.to_tensor(key)
    # Paddle cannot shift int64; dividing by a power of 2 is equivalent.
    for shift, factor in ((16, 0x7FEB352D), (15, 0x31848BAB)):
        h = ((h ^ (h // 2**shift)) * factor) & paddle.to_tensor(0xFFFFFFFF)
    h = h ^ (h // 2**16)
    return (h >= int(rate * 2**32)).reshape(x.shape)
