"""Builds an ordinary `paddle.nn.Layer` from a plan, with one case per layer type."""

import paddle
from paddle import Tensor, nn

from common import spec
from common.spec.padding import Pads
from common.spec.plan import Node, Plan
from paddle_impl.custom_layers import (
    LRN,
    AdaptiveAvgPool,
    Affine,
    AvgPool,
    Concat,
    Conv2D,
    Dropout,
    GlobalAvgPool,
    L2Norm,
    MaxPool,
    ReLU,
    Residual,
)


class Network(nn.Layer):
    """A network built from a plan; its sublayers are the layers of the plan's body, by name.

    It maps a batch N x C x H x W to logits (N x classes), to pooled features (N x channels) if
    `classes` is 0, or to the output of its last layer if it is a part of a network. Raises
    UsageError, a ValueError, if the images do not have the shape that the network was built for, or
    if the batch is empty. If `in_bfloat16` is set, `fast` computes in bfloat16, and `forward_pass`,
    `grad` and `train` raise UsageError.
    """

    in_bfloat16 = False

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.input = plan.spec.input
        for node in plan.body.children:
            self.add_sublayer(node.path, make_layer(node))

    def forward(self, x: Tensor) -> Tensor:
        self.check_input(x)
        for layer in self.children():
            x = layer(x)
        return x

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """The output in a dict, by name (`logits` or `features`), in both modes."""
        return {self.plan.spec.output: self(x)}

    def check_input(self, x: Tensor) -> None:
        """Raises UsageError for a batch of a different shape.

        The shapes are compared here, because `paddle.jit.save` cannot trace `Plan.check_input`,
        which is only called to raise the error.
        """
        if tuple(x.shape[1:]) != self.input or (paddle.in_dynamic_mode() and not x.shape[0]):
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
            self.add_sublayer(head.path, make_layer(head))

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


def make_layer(node: Node) -> nn.Layer:
    """The Paddle layer for a node and everything inside it.

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
            return MaxPool(kernel, stride, flat(node.pads))
        case spec.AvgPool(kernel, stride, counts_border=counts_border):
            size, pads = spec.pair(kernel), flat(node.pads)
            return AvgPool(size, stride, pads, exclusive=not counts_border)
        case spec.AdaptiveAvgPool(size):
            return AdaptiveAvgPool(node.input[1:], size)
        case spec.GlobalAvgPool():
            return GlobalAvgPool()
        case spec.ReLU():
            return ReLU()
        case spec.Dropout(rate):
            return Dropout(rate)
        case spec.Flatten():
            return nn.Flatten()
        case spec.Linear(features, bias):
            return nn.Linear(node.input[0], features, bias_attr=None if bias else False)
        case spec.L2Norm():
            return L2Norm()
    return make_parent(node)


def make_parent(node: Node) -> nn.Layer:
    """The Paddle layer for a layer that contains other layers."""
    match node.layer:
        case spec.Chain():
            return fill(nn.Sequential(), node)
        case spec.Concat():
            return fill(Concat(), node)
        case spec.Residual(scale=scale):
            return fill(Residual(scale), node)
    raise TypeError(f"{node.path}: paddle_impl does not know {node.layer!r}")


def fill(parent: nn.Layer, node: Node) -> nn.Layer:
    """Adds the node's children to the parent by name, and returns the parent."""
    for child in node.children:
        parent.add_sublayer(child.name, make_layer(child))
    return parent


def conv(
    node: Node,
    channels: int,
    kernel: spec.Size,
    stride: spec.Size,
    groups: int = 1,
    bias: bool = True,
) -> nn.Layer:
    """A convolution; with a bias, `Conv2D` of `custom_layers`, which is faster than Paddle's own.

    Paddle supports different padding on each side. Depthwise convolutions have no bias.
    """
    given, pads = node.input[0], flat(node.pads)
    if bias:
        return Conv2D(given, channels, kernel, stride, pads)
    return nn.Conv2D(given, channels, kernel, stride, pads, groups=groups, bias_attr=False)


def batch_norm(node: Node, scale: bool) -> nn.Layer:
    """Batch norm with or without a learned scale; `keep` is Paddle's momentum."""
    # Without a scale Paddle computes no gradient for the bias, so use one that is never trained.
    weight_attr = None if scale else paddle.ParamAttr(learning_rate=0.0, need_clip=False)
    options = {"epsilon": node.eps, "momentum": node.keep, "weight_attr": weight_attr}
    kind = nn.BatchNorm2D if len(node.input) == 3 else nn.BatchNorm1D
    return kind(node.input[0], **options)


def flat(pads: Pads) -> list[int]:
    """The padding in Paddle's order: top, bottom, left, right."""
    return [size for both in pads for size in both]


# No `if` in these depends on a tensor, so `paddle.jit` need not rewrite their code before it traces
# a network, which takes seconds.
for each in (
    LRN, AdaptiveAvgPool, Affine, AvgPool, Concat, Conv2D, Dropout, GlobalAvgPool, L2Norm, MaxPool,
    ReLU, Residual,
):  # fmt: skip
    paddle.jit.not_to_static(each)
