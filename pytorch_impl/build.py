"""Plan to PyTorch: one case a word of the grammar, and an ordinary `nn.Module` comes out."""

import torch
from torch import Tensor, nn

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
    Rule,
)


class Network(nn.Module):
    """A planned network for N x C x H x W; its children are the plan's steps and heads, by name.

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
            self.add_module(layer.path, module(layer))

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        outputs = self.outputs(x, heads=self.training)
        return outputs if len(outputs) > 1 else outputs[self.output]

    def outputs(self, x: Tensor, heads: bool = True) -> dict[str, Tensor]:
        """The result and, if wanted, the heads' outputs, under their names, in either mode."""
        if tuple(x.shape[1:]) != self.input:
            self.plan.check_input(tuple(x.shape[1:]))
        made = {}
        for step in self.steps:
            x = made[step] = self.get_submodule(step)(x)
        outputs = {self.output: x}
        for name, tap in self.taps.items() if heads else ():
            outputs[name] = self.get_submodule(name)(made[tap])
        return outputs


class Branches(nn.Module):
    """Branches from one input, joined along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], dim=1)


def module(layer: Layer) -> nn.Module:
    """The module for one layer and all within it."""
    match layer.word:
        case Chain():
            return fill(nn.Sequential(), layer)
        case Concat():
            return fill(Branches(), layer)
        case Conv(channels, kernel, stride, bias=bias):
            padding = symmetric(layer)
            return nn.Conv2d(layer.input[0], channels, kernel, stride, padding, bias=bias)
        case MaxPool(kernel, stride, Rule.CEIL):
            return nn.MaxPool2d(kernel, stride, ceil_mode=True)
        case MaxPool(kernel, stride):
            return nn.MaxPool2d(kernel, stride, symmetric(layer))
        case AvgPool(kernel, stride, counts_border=counts_border):
            padding = symmetric(layer)
            return nn.AvgPool2d(kernel, stride, padding, count_include_pad=counts_border)
        case GlobalAvgPool():
            return nn.AdaptiveAvgPool2d(1)
        case ReLU():
            return nn.ReLU()
        case Dropout(rate):
            return nn.Dropout(rate)
        case Flatten():
            return nn.Flatten()
        case Linear(features):
            return nn.Linear(layer.input[0], features)
    raise TypeError(f"{layer.path}: pytorch_impl does not know {layer.word!r}")


def fill(parent: nn.Module, layer: Layer) -> nn.Module:
    """The parent with the layer's children in it, by their names."""
    for child in layer.children:
        parent.add_module(child.name, module(child))
    return parent


def symmetric(layer: Layer) -> tuple[int, int]:
    """The layer's padding in PyTorch's own form, which has one number for both sides."""
    (top, bottom), (left, right) = layer.pads
    if (top, left) != (bottom, right):
        raise TypeError(f"{layer.path}: pytorch_impl cannot pad by {layer.pads}")
    return top, left
