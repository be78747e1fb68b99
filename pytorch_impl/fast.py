"""Inference as fast as PyTorch computes it, without a compiler."""

from copy import deepcopy
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from pytorch_impl.build import Network


class Fast(nn.Module):
    """A network's copy for inference: channels last, batch norm in the convolutions' weights."""

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.net = deepcopy(net).eval().requires_grad_(False)
        for chain in self.net.modules():
            if isinstance(chain, nn.Sequential):
                fuse(chain)
        self.net.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return self.net(x.to(memory_format=torch.channels_last))


def fast(net: Network) -> Fast:
    """The network for inference, with the weights that it has now; N x C x H x W to logits."""
    return Fast(net)


def fuse(chain: nn.Sequential) -> None:
    """Batch norm goes into the convolution before it; a ReLU writes over what came before it.

    A ReLU that begins a chain writes elsewhere, since others may read its input.
    """
    for (name, layer), (next_name, follower) in pairwise(list(chain.named_children())):
        while isinstance(layer, nn.Sequential):  # a depthwise convolution and a 1x1
            last, layer = list(layer.named_children())[-1]
            name = f"{name}.{last}"
        if isinstance(follower, nn.BatchNorm2d):
            chain.set_submodule(name, fuse_conv_bn_eval(layer, follower))
            chain.set_submodule(next_name, nn.Identity())
        if isinstance(follower, nn.ReLU):
            follower.inplace = True
