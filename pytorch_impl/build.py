"""Builds an ordinary `nn.Module` from a plan, with one case per layer type."""

import math

import torch
from torch import Tensor, nn

from common import spec
from common.spec.padding import Pads
from common.spec.plan import Node, Plan
from pytorch_impl.custom_layers import (
    LRN,
    Affine,
    BatchNorm,
    Concat,
    Dropout,
    L2Norm,
    PaddedConv2d,
    Residual,
    reversed_flat,
)


class Network(nn.Module):
    """A network built from a plan; its children are the layers of the plan's body, by name.

    It maps a batch N x C x H x W to logits (N x classes), to pooled features (N x channels) if
    `classes` is 0, or to the output of its last layer if it is a part of a network. Raises
    UsageError, a ValueError, if the images do not have the shape that the network was built for, or
    if the batch is empty. If `in_bfloat16` is set, `run.py` and `train.py` use autocast to
    bfloat16, and `fast` weights in bfloat16.
    """

    in_bfloat16 = False

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        for node in plan.body.children:
            self.add_module(node.path, make_layer(node))

    def forward(self, x: Tensor) -> Tensor:
        self.check_input(x)
        for layer in self.children():
            x = layer(x)
        return x

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """The output in a dict, by name (`logits` or `features`), in both modes."""
        return {self.plan.spec.output: self(x)}

    def check_input(self, x: Tensor) -> None:
        """Raises UsageError for a batch of a different shape; not checked in TorchScript."""
        if not torch.jit.is_scripting() and not torch.jit.is_tracing():
            self.plan.check_input(tuple(x.shape))


class NetworkWithHeads(Network):
    """A network with auxiliary heads, which are registered after the layers of the body.

    In training mode it returns a dict of `logits` and one entry per head. In evaluation mode it
    returns only the logits, although it computes the heads as well; for inference use `fast(net)`.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.after = {name: plan.spec.heads[name].after for name in plan.heads}
        for head in plan.heads.values():
            self.add_module(head.path, make_layer(head))

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        outputs = self.outputs(x)
        if self.training:
            return outputs
        return outputs["logits"]

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """The outputs of the network and its heads by name, in training and evaluation mode."""
        self.check_input(x)
        maps: dict[str, Tensor] = {}
        for name, child in self.named_children():
            if name in self.after:
                maps[name] = child(maps[self.after[name]])
            else:
                x = child(x)
                maps[name] = x
        outputs = {"logits": x}
        for head in self.after:
            outputs[head] = maps[head]
        return outputs


def build(plan: Plan) -> Network:
    """Builds the network of a plan, with heads if the plan has them."""
    return NetworkWithHeads(plan) if plan.heads else Network(plan)


def make_layer(node: Node) -> nn.Module:
    """The module for a node and everything inside it.

    Padding, eps and `keep` are read from the node, where they are resolved to numbers.
    """
    match node.layer:
        case spec.Conv(channels, kernel, stride, bias=bias):
            return conv(node, channels, kernel, stride, bias=bias)
        case spec.DepthwiseConv(kernel, stride):
            groups = node.input[0]
            return conv(node, node.output[0], kernel, stride, groups=groups, bias=False)
        case spec.BatchNorm(scale=scale):
            return batch_norm(node, scale)
        case spec.LRN(size, alpha, beta):
            return LRN(size, alpha, beta)
        case spec.Affine(scale, shift):
            return Affine(scale, shift, maps=len(node.input) == 3)
        case spec.MaxPool(kernel, stride):
            return max_pool(node, kernel, stride)
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            return avg_pool(node, kernel, stride, counts_border)
        case spec.AdaptiveAvgPool(size):
            return nn.AdaptiveAvgPool2d(size)
        case spec.GlobalAvgPool():
            return nn.AdaptiveAvgPool2d(1)
        case spec.ReLU():
            return nn.ReLU()
        case spec.Dropout(rate):
            return Dropout(rate)
        case spec.Flatten():
            return nn.Flatten()
        case spec.Linear(features, bias):
            return nn.Linear(node.input[0], features, bias)
        case spec.L2Norm():
            return L2Norm()
    return make_parent(node)


def make_parent(node: Node) -> nn.Module:
    """The module for a layer that contains other layers."""
    match node.layer:
        case spec.Chain():
            return fill(nn.Sequential(), node)
        case spec.Concat():
            return fill(Concat(), node)
        case spec.Residual(scale=scale):
            return fill(Residual(scale), node)
    raise TypeError(f"{node.path}: pytorch_impl does not know {node.layer!r}")


def fill(parent: nn.Module, node: Node) -> nn.Module:
    """Adds the node's children to the parent by name, and returns the parent."""
    for child in node.children:
        parent.add_module(child.name, make_layer(child))
    return parent


def conv(
    node: Node,
    channels: int,
    kernel: spec.Size,
    stride: spec.Size,
    groups: int = 1,
    bias: bool = True,
) -> nn.Conv2d:
    """A convolution; PyTorch's own layer if it supports the plan's padding."""
    given, pads = node.input[0], node.pads
    if symmetric(pads):
        return nn.Conv2d(given, channels, kernel, stride, before(pads), groups=groups, bias=bias)
    return PaddedConv2d(given, channels, kernel, stride, pads=pads, groups=groups, bias=bias)


def batch_norm(node: Node, scale: bool) -> BatchNorm:
    """Batch norm with or without a learned scale; PyTorch's momentum is 1 - `keep`."""
    norm = BatchNorm(node.input[0], eps=node.eps, momentum=1 - node.keep)
    if not scale:
        norm.register_parameter("weight", None)
    return norm


def max_pool(node: Node, kernel: spec.Size, stride: spec.Size) -> nn.Module:
    """A max pool with the plan's padding, in the simplest form that supports it."""
    if symmetric(node.pads):
        return nn.MaxPool2d(kernel, stride, before(node.pads))
    if before(node.pads) == (0, 0) and min(spec.pair(stride)) > 1:
        # Padding only below and to the right: ceil_mode has the same windows.
        return nn.MaxPool2d(kernel, stride, ceil_mode=True)
    border = nn.ConstantPad2d(reversed_flat(node.pads), -math.inf)
    return nn.Sequential(border, nn.MaxPool2d(kernel, stride))


def avg_pool(node: Node, kernel: spec.Size, stride: spec.Size, counts_border: bool) -> nn.AvgPool2d:
    """An average pool; raises TypeError unless the padding is the same on both sides."""
    if not symmetric(node.pads):
        raise TypeError(f"{node.path}: pytorch_impl cannot average with padding {node.pads}")
    return nn.AvgPool2d(kernel, stride, before(node.pads), count_include_pad=counts_border)


def symmetric(pads: Pads) -> bool:
    """Whether the padding is the same on both sides, which is all that PyTorch's layers support."""
    return all(first == last for first, last in pads)


def before(pads: Pads) -> tuple[int, int]:
    """The padding above and to the left."""
    return pads[0][0], pads[1][0]
