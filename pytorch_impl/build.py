"""Plan to PyTorch: one case a word of the grammar, and an ordinary `nn.Module` comes out."""

import math

from torch import Tensor, nn

from common import spec
from common.plan import Layer, Plan
from common.windows import Pads
from pytorch_impl.own_layers import Affine, Concat, PaddedConv2d, Residual, reversed_flat


class Network(nn.Module):
    """A planned network for N x C x H x W; its children are the plan's steps and heads, by name.

    In evaluation it returns the logits, N x classes (or the features, N x channels); in training
    with heads a dict of `logits` and one entry a head. Raises ValueError for another input size.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.output = plan.network.output
        self.steps = [step.path for step in plan.body.children]
        self.heads = {plan.network.heads[name].after: name for name in plan.heads}
        for layer in (*plan.body.children, *plan.heads.values()):
            self.add_module(layer.path, module(layer))

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        outputs = self.outputs(x, heads=self.training)
        return outputs if len(outputs) > 1 else outputs[self.output]

    def outputs(self, x: Tensor, heads: bool = True) -> dict[str, Tensor]:
        """The result and, if wanted, the heads' outputs, under their names, in either mode."""
        self.plan.check_input(tuple(x.shape[1:]))
        outputs = {}
        for step in self.steps:
            x = getattr(self, step)(x)
            if heads and step in self.heads:
                outputs[self.heads[step]] = getattr(self, self.heads[step])(x)
        return {self.output: x} | outputs


def module(layer: Layer) -> nn.Module:
    """The module for one layer and all within it."""
    match layer.word:
        case spec.Conv(channels, kernel, stride, bias=bias):
            return conv(layer, channels, kernel, stride, bias=bias)
        case spec.DepthwiseConv(kernel, stride):
            groups = layer.input[0]
            return conv(layer, layer.output[0], kernel, stride, groups=groups, bias=False)
        case spec.BatchNorm(keep=keep, scale=scale) as norm:
            return batch_norm(layer.input[0], norm.float32_eps, 1 - keep, scale)
        case spec.LRN(size, alpha, beta):
            return nn.LocalResponseNorm(size, alpha, beta)
        case spec.Affine(scale, shift):
            return Affine(scale, shift, maps=len(layer.input) == 3)
        case spec.MaxPool(kernel, stride):
            return max_pool(layer, kernel, stride)
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            if not symmetric(layer.pads):
                raise TypeError(f"{layer.path}: pytorch_impl cannot average over {layer.pads}")
            padding = before(layer.pads)
            return nn.AvgPool2d(kernel, stride, padding, count_include_pad=counts_border)
        case spec.AdaptiveAvgPool(size):
            return nn.AdaptiveAvgPool2d(size)
        case spec.GlobalAvgPool():
            return nn.AdaptiveAvgPool2d(1)
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
    raise TypeError(f"{layer.path}: pytorch_impl does not know {layer.word!r}")


def fill(parent: nn.Module, layer: Layer) -> nn.Module:
    """The parent with the layer's children in it, by their names."""
    for child in layer.children:
        parent.add_module(child.name, module(child))
    return parent


def conv(
    layer: Layer,
    channels: int,
    kernel: spec.Size,
    stride: spec.Size,
    groups: int = 1,
    bias: bool = True,
) -> nn.Conv2d:
    """A convolution, padded by PyTorch itself where it can say how."""
    arguments = layer.input[0], channels, kernel, stride
    if symmetric(layer.pads):
        padding = before(layer.pads)
        return nn.Conv2d(*arguments, padding=padding, groups=groups, bias=bias)
    return PaddedConv2d(*arguments, pads=layer.pads, groups=groups, bias=bias)


def batch_norm(channels: int, eps: float, momentum: float, scale: bool) -> nn.BatchNorm2d:
    """Batch norm, with a learned scale or without; PyTorch's momentum is 1 - keep."""
    norm = nn.BatchNorm2d(channels, eps=eps, momentum=momentum)
    if not scale:
        norm.register_parameter("weight", None)
    return norm


def max_pool(layer: Layer, kernel: spec.Size, stride: spec.Size) -> nn.Module:
    """A max pool with the border that the plan has, in the plainest form that has it."""
    if symmetric(layer.pads):
        return nn.MaxPool2d(kernel, stride, before(layer.pads))
    if before(layer.pads) == (0, 0):
        # A border after the map alone is what the last window needs, and ceil_mode gives it that.
        return nn.MaxPool2d(kernel, stride, ceil_mode=True)
    border = nn.ConstantPad2d(reversed_flat(layer.pads), -math.inf)
    return nn.Sequential(border, nn.MaxPool2d(kernel, stride))


def symmetric(pads: Pads) -> bool:
    """Whether the border is the same on both sides, all that PyTorch's own padding can say."""
    return all(first == last for first, last in pads)


def before(pads: Pads) -> tuple[int, int]:
    """The border above and to the left."""
    return pads[0][0], pads[1][0]
