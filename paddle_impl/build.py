"""Plan to Paddle: one case a word of the grammar, and an ordinary `paddle.nn.Layer` comes out."""

import paddle
from paddle import Tensor, nn

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
)


class Network(nn.Layer):
    """A planned network for N x C x H x W; its sublayers are the plan's steps and heads, by name.

    In evaluation it returns the logits, N x classes (or the features, N x channels); in training
    with heads a dict of `logits` and one entry a head. Raises ValueError for another input size.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        for layer in (*plan.body.children, *plan.heads.values()):
            self.add_sublayer(layer.path, module(layer))

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        return self.outputs(x) if self.training and self.plan.heads else self.result(x, {})

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """The result and the heads' outputs under their names, in either mode."""
        taps: dict[str, Tensor] = {}
        outputs = {self.plan.network.output: self.result(x, taps)}
        for name in self.plan.heads:
            outputs[name] = getattr(self, name)(taps[self.plan.network.heads[name].after])
        return outputs

    def result(self, x: Tensor, taps: dict[str, Tensor]) -> Tensor:
        """The body's output; each step's own is left in `taps`, where heads hang."""
        self.plan.check_input(tuple(x.shape[1:]))
        for step in self.plan.body.children:
            x = taps[step.path] = getattr(self, step.path)(x)
        return x


class Branches(nn.Layer):
    """Branches from one input, joined along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return paddle.concat([branch(x) for branch in self.children()], axis=1)


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
            return nn.AvgPool2D(kernel, stride, flat(layer), exclusive=not counts_border)
        case GlobalAvgPool():
            return nn.AdaptiveAvgPool2D(1)
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
