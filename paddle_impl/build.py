"""Plan to Paddle: one case a word of the grammar, and an ordinary `paddle.nn.Layer` comes out."""

import paddle
from paddle import Tensor, nn

from common import spec
from common.plan import Layer, Plan
from common.windows import Pads
from paddle_impl.own_layers import LRN, AdaptiveAvgPool, Affine, AvgPool, Concat, Residual


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
        self.heads = {plan.network.heads[name].after: name for name in plan.heads}
        for layer in (*plan.body.children, *plan.heads.values()):
            self.add_sublayer(layer.path, module(layer))

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        outputs = self.outputs(x, heads=self.training)
        return outputs if len(outputs) > 1 else outputs[self.output]

    def outputs(self, x: Tensor, heads: bool = True) -> dict[str, Tensor]:
        """The result and, if wanted, the heads' outputs, under their names, in either mode."""
        if tuple(x.shape[1:]) != self.input:  # seen here, since Paddle cannot trace into the plan
            self.plan.check_input(tuple(x.shape[1:]))
        outputs = {}
        for step in self.steps:
            x = getattr(self, step)(x)
            if heads and step in self.heads:
                outputs[self.heads[step]] = getattr(self, self.heads[step])(x)
        return {self.output: x} | outputs


def module(layer: Layer) -> nn.Layer:
    """The Paddle layer for one layer of the plan and all within it."""
    match layer.word:
        case spec.Conv(channels, kernel, stride, bias=bias):
            return conv(layer, channels, kernel, stride, bias=bias)
        case spec.DepthwiseConv(kernel, stride):
            groups = layer.input[0]
            return conv(layer, layer.output[0], kernel, stride, groups=groups, bias=False)
        case spec.BatchNorm(keep=keep, scale=scale) as norm:
            return batch_norm(layer.input[0], norm.float32_eps, keep, scale)
        case spec.LRN(size, alpha, beta):
            return LRN(size, alpha, beta)
        case spec.Affine(scale, shift):
            return Affine(scale, shift, maps=len(layer.input) == 3)
        case spec.MaxPool(kernel, stride):
            return nn.MaxPool2D(kernel, stride, flat(layer.pads))
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            return AvgPool(spec.pair(kernel), stride, flat(layer.pads), counts_border)
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
        case spec.Chain():
            return fill(nn.Sequential(), layer)
        case spec.Concat():
            return fill(Concat(), layer)
        case spec.Residual(scale=scale):
            return fill(Residual(scale), layer)
    raise TypeError(f"{layer.path}: paddle_impl does not know {layer.word!r}")


def fill(parent: nn.Layer, layer: Layer) -> nn.Layer:
    """The parent with the layer's children in it, by their names."""
    for child in layer.children:
        parent.add_sublayer(child.name, module(child))
    return parent


def conv(
    layer: Layer,
    channels: int,
    kernel: spec.Size,
    stride: spec.Size,
    groups: int = 1,
    bias: bool = True,
) -> nn.Conv2D:
    """A convolution; Paddle's own padding can say every border."""
    arguments = layer.input[0], channels, kernel, stride
    bias_attr = None if bias else False
    return nn.Conv2D(*arguments, padding=flat(layer.pads), groups=groups, bias_attr=bias_attr)


def batch_norm(channels: int, eps: float, momentum: float, scale: bool) -> nn.BatchNorm2D:
    """Batch norm, with a learned scale or without; Paddle's momentum is keep."""
    # Without a weight Paddle gives the bias no gradient: one that never learns stands in.
    weight_attr = None if scale else paddle.ParamAttr(learning_rate=0.0)
    return nn.BatchNorm2D(channels, epsilon=eps, momentum=momentum, weight_attr=weight_attr)


def flat(pads: Pads) -> list[int]:
    """The border as Paddle takes it: top, bottom, left, right."""
    return [size for both in pads for size in both]
