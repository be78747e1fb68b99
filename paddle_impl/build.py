"""Plan to Paddle: one case a word of the grammar, and an ordinary `paddle.nn.Layer` comes out."""

import math
from collections.abc import Sequence

import paddle
from paddle import Tensor, nn
from paddle.nn import functional as F

from common.shapes import Layer, Plan
from common.spec import (
    AvgPool,
    Chain,
    Concat,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    ReLU,
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
        case Conv(channels, kernel, stride, bias=bias):
            padding = flat(layer)
            return nn.Conv2D(
                layer.input[0], channels, kernel, stride, padding, bias_attr=None if bias else False
            )
        case MaxPool(kernel, stride):
            return nn.MaxPool2D(kernel, stride, flat(layer))
        case AvgPool(kernel, stride, counts_border=counts_border):
            return Mean(pair(kernel), stride, flat(layer), counts_border)
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
