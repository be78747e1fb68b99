"""The fastest inference in PyTorch without a compiler."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import fuse_conv_bn_eval

from common.errors import UsageError
from common.spec.plan import Node
from pytorch_impl.build import Network
from pytorch_impl.custom_layers import PaddedConv2d
from pytorch_impl.weights import unwrap

ONEDNN = torch.ops.mkldnn
# oneDNN's ReLU turns NaN into 0, so weights that overflow would give plausible logits. A leaky
# ReLU keeps NaN and -infinity; this slope is so small that rounding removes its effect.
SLOPE = 1e-20


class Fast(nn.Module):
    """A copy of a network for inference: channels last, batch norm fused into the convolutions.

    On CPUs the weights are stored in oneDNN's layout, which saves converting them on every call.
    """

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.net = deepcopy(net).eval().requires_grad_(False)
        nodes = {node.path: node for node in net.plan.nodes()}
        chains = {n: m for n, m in self.net.named_modules() if isinstance(m, nn.Sequential)}
        for chain in chains.values():
            fuse_batch_norm(chain)
        self.takes = next((p.dtype for p in net.parameters()), None)  # any dtype if None
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
            raise UsageError(f"{name} takes {self.takes} here, not {x.dtype}; convert it")
        return self.net(x.to(self.dtype or x.dtype, memory_format=torch.channels_last))


class PackedConv2d(nn.Module):
    """A convolution and the ReLU after it, if any, computed by oneDNN for inputs of one size.

    PyTorch's own compiler, Inductor, calls the same two oneDNN functions.
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
    """Returns the fastest inference function that PyTorch allows, with the network's weights.

    It is a copy: later changes to `net` do not affect it, and `net` is left as it is. Overflow and
    NaN show in the logits, as they do in `net`. Several threads may call it.

    Args:
        net: A network of this package, with or without heads, in either mode.

    Returns:
        A function that maps images N x C x H x W to logits N x classes.

    Raises:
        UsageError: For a network of another package; in a call, for a different shape or dtype.

    Example:
        >>> quick = fast(googlenet(classes=10).eval())
        >>> quick(torch.zeros(1, 3, 224, 224)).shape
        torch.Size([1, 10])
    """
    return Fast(unwrap(net))


def suits_onednn(net: Network) -> bool:
    """Whether oneDNN can compute the network's convolutions: on a CPU, and not in float64."""
    weight = next(net.parameters(), torch.empty(0))  # a network may be a single pool
    suits = weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.bfloat16)
    return suits and torch.backends.mkldnn.is_available()


def layers(chain: nn.Sequential, path: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yields the layers of a chain and of the chains in it, by name, in execution order."""
    for name, layer in chain.named_children():
        if isinstance(layer, nn.Sequential):
            yield from layers(layer, f"{path}{name}.")
        elif not isinstance(layer, nn.Identity):
            yield f"{path}{name}", layer


def is_own(layer: nn.Module) -> bool:
    """Whether a layer has no hooks, so that it may be fused with others.

    A user's hooks may change its weights, input or output, as in pruning.
    """
    return not layer._forward_hooks and not layer._forward_pre_hooks


def fuse_batch_norm(chain: nn.Sequential) -> None:
    """Fuses each batch norm into the weights of the convolution before it."""
    for (name, layer), (next_name, follower) in pairwise(list(layers(chain))):
        if isinstance(follower, nn.BatchNorm2d) and is_own(layer) and is_own(follower):
            chain.set_submodule(name, fuse_conv_bn_eval(layer, follower))
            chain.set_submodule(next_name, nn.Identity())


def pack(chain: nn.Sequential, path: str, nodes: dict[str, Node]) -> None:
    """Fuses each convolution with the ReLU after it, and stores its weights in oneDNN's layout."""
    for (name, layer), (next_name, follower) in pairwise([*layers(chain), ("", nn.Identity())]):
        if isinstance(layer, nn.Conv2d) and is_own(layer):
            relu = isinstance(follower, nn.ReLU) and is_own(follower)
            chain.set_submodule(name, PackedConv2d(layer, relu, nodes[f"{path}.{name}"]))
            if relu:
                chain.set_submodule(next_name, nn.Identity())
