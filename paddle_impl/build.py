"""Plan to Paddle: one case a word of the grammar, and an ordinary `paddle.nn.Layer` comes out."""

import paddle
from paddle import Tensor, nn

from common import spec
from common.shapes import Layer, Plan
from paddle_impl.own_layers import (
    LRN,
    AdaptiveAvgPool,
    Affine,
    AvgPool,
    Concat,
    Residual,
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


def module(layer: Layer) -> nn.Layer:
    """The Paddle layer for one layer of the plan and all within it."""
    match layer.word:
        case spec.Chain():
            return fill(nn.Sequential(), layer)
        case spec.Concat():
            return fill(Concat(), layer)
        case spec.Residual(scale=scale):
            return fill(Residual(scale), layer)
        case spec.Conv(channels, kernel, stride, bias=bias):
            arguments = layer.input[0], channels, kernel, stride, flat(layer)
            return nn.Conv2D(*arguments, bias_attr=None if bias else False)
        case spec.DepthwiseConv(kernel, stride):
            arguments = layer.input[0], layer.output[0], kernel, stride, flat(layer)
            return nn.Conv2D(*arguments, groups=layer.input[0], bias_attr=False)
        case spec.BatchNorm(keep=keep, scale=scale) as norm:
            # Without a weight Paddle gives the bias no gradient: one that never learns stands in.
            weight = None if scale else paddle.ParamAttr(learning_rate=0.0)
            return nn.BatchNorm2D(layer.input[0], keep, norm.float32_eps, weight)
        case spec.LRN(size, alpha, beta):
            return LRN(size, alpha, beta)
        case spec.Affine(scale, shift):
            return Affine(scale, shift, len(layer.input) == 3)
        case spec.MaxPool(kernel, stride):
            return nn.MaxPool2D(kernel, stride, flat(layer))
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            return AvgPool(spec.pair(kernel), stride, flat(layer), counts_border)
        case spec.AdaptiveAvgPool(size):
            return AdaptiveAvgPool(layer.input[1:], size)
        case spec.GlobalAvgPool():
            return AvgPool(layer.input[1:])
        case spec.ReLU():
            return nn.ReLU()
        case spec.Dropout(rate):
            return nn.Dropout(rate)
        case spec.Flatten():
            return nn.Flatten()
        case spec.Linear(features):
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
