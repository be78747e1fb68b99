"""Inference as fast as PyTorch computes it, without a compiler."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import fuse_conv_bn_eval

from common.errors import UsageError
from common.plan import Node
from pytorch_impl.build import Network
from pytorch_impl.own_layers import PaddedConv2d
from pytorch_impl.weights import unwrap

ONEDNN = torch.ops.mkldnn
# oneDNN's ReLU turns NaN into 0, so that weights which overflow would give plausible logits. With
# a slope below zero it keeps NaN; this one vanishes in rounding, but -infinity stays, too.
SLOPE = 1e-20


class Fast(nn.Module):
    """A network's copy for inference: channels last, batch norm in the convolutions' weights.

    On CPUs the weights lie as oneDNN wants them, which it would else see to at every call.
    """

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.net = deepcopy(net).eval().requires_grad_(False)
        nodes = {node.path: node for node in net.plan.nodes()}
        chains = {n: m for n, m in self.net.named_modules() if isinstance(m, nn.Sequential)}
        for chain in chains.values():
            fuse_batch_norm(chain)
        self.takes = next((p.dtype for p in net.parameters()), None)  # a pool alone takes any
        self.dtype = torch.bfloat16 if net.in_bfloat16 else self.takes
        self.net.to(dtype=self.dtype, memory_format=torch.channels_last)
        if suits_onednn(net):
            for path, chain in chains.items():
                pack(chain, path, nodes)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        self.net.check_input(x)
        if self.takes and x.dtype != self.takes:
            name = self.net.plan.network.name
            raise UsageError(f"{name} takes {self.takes} here, and not {x.dtype}; convert it")
        return self.net(x.to(self.dtype or x.dtype, memory_format=torch.channels_last))


class PackedConv2d(nn.Module):
    """A convolution, and a ReLU if there is one, as oneDNN computes them for maps of one size.

    PyTorch's own compiler puts these two functions of oneDNN to the same use.
    """

    def __init__(self, conv: nn.Conv2d, relu: bool, node: Node) -> None:
        super().__init__()
        (top, bottom), (left, right) = node.pads
        self.pads = conv.pads if isinstance(conv, PaddedConv2d) else None
        channels, rows, columns = node.input
        size = 1, channels, rows + top + bottom, columns + left + right
        self.options = conv.padding, conv.stride, conv.dilation, conv.groups
        self.weight = ONEDNN._reorder_convolution_weight(conv.weight, *self.options, size)
        self.bias = conv.bias
        self.then = ("leaky_relu", [SLOPE], None) if relu else ("none", [], None)

    def forward(self, x: Tensor) -> Tensor:
        x = x if self.pads is None else F.pad(x, self.pads)
        arguments = x, self.weight, self.bias, *self.options, *self.then
        return ONEDNN._convolution_pointwise(*arguments)


def fast(net: nn.Module) -> Fast:
    """A copy of the network for inference, with the weights that it has now; images N x C x H x W
    to logits.

    What overflows or is NaN makes its logits NaN or infinite, as in the network. Several threads
    may call it. Raises UsageError for a network of others, in a call for another shape or dtype.
    """
    return Fast(unwrap(net))


def suits_onednn(net: Network) -> bool:
    """Whether oneDNN computes the network's convolutions: on a CPU, and not in float64."""
    weight = next(net.parameters(), torch.empty(0))  # a pool alone has none
    suits = weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.bfloat16)
    return suits and torch.backends.mkldnn.is_available()


def layers(chain: nn.Sequential, path: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The layers of a chain and of the chains in it, by name, in the order of computation."""
    for name, layer in chain.named_children():
        if isinstance(layer, nn.Sequential):
            yield from layers(layer, f"{path}{name}.")
        elif not isinstance(layer, nn.Identity):
            yield f"{path}{name}", layer


def is_own(layer: nn.Module) -> bool:
    """Whether a layer computes what its kind says: a user's hooks may change its weights, its
    input or its output, as pruning does."""
    return not layer._forward_hooks and not layer._forward_pre_hooks


def fuse_batch_norm(chain: nn.Sequential) -> None:
    """Batch norm goes into the weights of the convolution before it."""
    for (name, layer), (next_name, follower) in pairwise(list(layers(chain))):
        if isinstance(follower, nn.BatchNorm2d) and is_own(layer) and is_own(follower):
            chain.set_submodule(name, fuse_conv_bn_eval(layer, follower))
            chain.set_submodule(next_name, nn.Identity())


def pack(chain: nn.Sequential, path: str, nodes: dict[str, Node]) -> None:
    """Each convolution takes in the ReLU after it, and its weights lie as oneDNN wants them."""
    for (name, layer), (next_name, follower) in pairwise([*layers(chain), ("", nn.Identity())]):
        if isinstance(layer, nn.Conv2d) and is_own(layer):
            relu = isinstance(follower, nn.ReLU) and is_own(follower)
            chain.set_submodule(name, PackedConv2d(layer, relu, nodes[f"{path}.{name}"]))
            if relu:
                chain.set_submodule(next_name, nn.Identity())
