"""Plan to Paddle: one case a word of the grammar, and an ordinary `paddle.nn.Layer` comes out."""

import math
from collections.abc import Sequence

import paddle
from paddle import Tensor, nn
from paddle.nn import functional as F

from common.shapes import Layer, Plan, mean_matrix
from common.spec import (
    LRN,
    AdaptiveAvgPool,
    Affine,
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Conv,
    DepthwiseConv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    ReLU,
    Residual,
    Size,
    pair,
)


class Network(nn.Layer):
    """A planned network for N x C x H x W; its sublayers are the plan's steps and heads, by name.

    In evaluation it returns the logits, N x classes (or the features, N x channels); in training
    with heads a dict of `logits` and one entry a head. Raises ValueError for another input size.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.input = plan.network.input
        self.output = plan.network.output
        self.steps = [step.path for step in plan.body.children]
        self.taps = {name: plan.network.heads[name].after for name in plan.heads}
        for layer in (*plan.body.children, *plan.heads.values()):
            self.add_sublayer(layer.path, module(layer))

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        outputs = self.outputs(x, heads=self.training)
        return outputs if len(outputs) > 1 else outputs[self.output]

    def outputs(self, x: Tensor, heads: bool = True) -> dict[str, Tensor]:
        """The result and, if wanted, the heads' outputs, under their names, in either mode."""
        if tuple(x.shape[1:]) != self.input:
            self.plan.check_input(tuple(x.shape[1:]))
        made = {}
        for step in self.steps:
            x = made[step] = getattr(self, step)(x)
        outputs = {self.output: x}
        for name, tap in self.taps.items() if heads else ():
            outputs[name] = getattr(self, name)(made[tap])
        return outputs


class Branches(nn.Layer):
    """Branches from one input, joined along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return paddle.concat([branch(x) for branch in self.children()], axis=1)


class Add(nn.Layer):
    """`scale` times a branch, plus the input or what a shortcut makes of it."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        branch, *shortcut = [child(x) for child in self.children()]
        return self.scale * branch + (shortcut[0] if shortcut else x)


class LocalResponseNorm(nn.Layer):
    """Paddle's own averages the squares, so its gradient has the fault told of in `Mean`."""

    def __init__(self, size: int, alpha: float, beta: float) -> None:
        super().__init__()
        self.size, self.alpha, self.beta = size, alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        half, channels = self.size // 2, x.shape[1]
        around = F.pad(x * x, [0, 0, half, half, 0, 0, 0, 0])
        squares = sum(around[:, i : i + channels] for i in range(self.size))
        return x / (1 + self.alpha / self.size * squares) ** self.beta


class Constants(nn.Layer):
    """Each value times a constant plus a constant, one pair a channel or one for all."""

    def __init__(self, scale: tuple[float, ...], shift: tuple[float, ...], maps: bool) -> None:
        super().__init__()
        self.scale, self.shift = list(scale), list(shift)
        self.shape = [-1, 1, 1] if maps else [-1]

    def forward(self, x: Tensor) -> Tensor:
        scale = paddle.to_tensor(self.scale, x.dtype).reshape(self.shape)
        return x * scale + paddle.to_tensor(self.shift, x.dtype).reshape(self.shape)


class AdaptiveMean(nn.Layer):
    """Means over windows of unequal size: a product with a matrix of weights on either side."""

    def __init__(self, input: tuple[int, ...], size: int) -> None:
        super().__init__()
        self.rows, self.columns = (mean_matrix(n, size) for n in input)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = (paddle.to_tensor(m, x.dtype) for m in (self.rows, self.columns))
        return paddle.matmul(paddle.matmul(rows, x), columns, transpose_y=True)


class Mean(nn.Layer):
    """The mean under each window, border counted or not, exact in float64 both ways.

    Paddle's own average pools round 1 / size to float32 in the gradient, an error of 1e-8.
    """

    def __init__(
        self,
        kernel: tuple[int, ...],
        stride: Size = 1,
        padding: Sequence[int] = (0, 0, 0, 0),
        counts_border: bool = False,
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.padding = kernel, stride, list(padding)
        self.counts_border = counts_border or not any(padding)

    def forward(self, x: Tensor) -> Tensor:
        if self.counts_border:
            return self.total(x) / math.prod(self.kernel)
        return self.total(x) / self.total(paddle.ones_like(x[:1, :1]))

    def total(self, x: Tensor) -> Tensor:
        """The sum under each window: a convolution, channel by channel, with ones."""
        ones = paddle.ones([x.shape[1], 1, *self.kernel], x.dtype)
        return F.conv2d(x, ones, None, self.stride, self.padding, groups=x.shape[1])


def module(layer: Layer) -> nn.Layer:
    """The Paddle layer for one layer of the plan and all within it."""
    match layer.word:
        case Chain():
            return fill(nn.Sequential(), layer)
        case Concat():
            return fill(Branches(), layer)
        case Residual(scale=scale):
            return fill(Add(scale), layer)
        case Conv(channels, kernel, stride, bias=bias):
            arguments = layer.input[0], channels, kernel, stride, flat(layer)
            return nn.Conv2D(*arguments, bias_attr=None if bias else False)
        case DepthwiseConv(kernel, stride):
            arguments = layer.input[0], layer.output[0], kernel, stride, flat(layer)
            return nn.Conv2D(*arguments, groups=layer.input[0], bias_attr=False)
        case BatchNorm(keep=keep, scale=scale) as norm:
            # Without a weight Paddle gives the bias no gradient: one that never learns stands in.
            weight = None if scale else paddle.ParamAttr(learning_rate=0.0)
            return nn.BatchNorm2D(layer.input[0], keep, norm.float32_eps, weight)
        case LRN(size, alpha, beta):
            return LocalResponseNorm(size, alpha, beta)
        case Affine(scale, shift):
            return Constants(scale, shift, len(layer.input) == 3)
        case MaxPool(kernel, stride):
            return nn.MaxPool2D(kernel, stride, flat(layer))
        case AvgPool(kernel, stride, counts_border=counts_border):
            return Mean(pair(kernel), stride, flat(layer), counts_border)
        case AdaptiveAvgPool(size):
            return AdaptiveMean(layer.input[1:], size)
        case GlobalAvgPool():
            return Mean(layer.input[1:])
        case ReLU():
            return nn.ReLU()
        case Dropout(rate):
            return nn.Dropout(rate)
        case Flatten():
            return nn.Flatten()
        case Linear(features):
            return nn.Linear(layer.input[0], features)
    raise TypeError(f"{layer.path}: paddle_impl does not know {layer.word!r}")


def fill(parent: nn.Layer, layer: Layer) -> nn.Layer:
    """The parent with the layer's children in it, by their names."""
    for child in layer.children:
        parent.add_sublayer(child.name, module(child))
    return parent


def flat(layer: Layer) -> list[int]:
    """The layer's padding in Paddle's own form: top, bottom, left, right."""
    return [size for pads in layer.pads for size in pads]
