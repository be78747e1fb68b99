"""Feature maps of a network by name, computed in one forward pass."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pytorch_impl.build import Network


class Features(nn.Module):
    """The layers of a network up to the last one in `names`; returns the outputs of those named."""

    def __init__(self, net: Network, names: Sequence[str]) -> None:
        super().__init__()
        self.plan, self.names = net.plan, tuple(names)
        for node in net.plan.layers_until(names):
            self.add_module(node.path, net.get_submodule(node.path))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        if not torch.jit.is_tracing():
            self.plan.check_input(tuple(x.shape))
        outputs: dict[str, Tensor] = {}
        for name, layer in self.named_children():
            x = outputs[name] = layer(x)
        return {name: outputs[name] for name in self.names}


def features(net: Network, names: Sequence[str]) -> Features:
    """Returns a module that computes the outputs of some layers of a network.

    It shares the layers and the weights of the network, so it can be trained, and ends after the
    last layer that is needed.

    Args:
        net: A network of this package, without or with heads, which are not computed.
        names: Names of layers: the rows of `googlenet summary` that are not indented.

    Returns:
        An `nn.Module` that maps images N x C x H x W to a dict of outputs, in the order of `names`.

    Raises:
        UsageError: For a name that is not a layer of the network's body, or without any name.

    Example:
        >>> maps = features(googlenet(), ["inception3b", "inception4e"])
        >>> [tuple(each.shape) for each in maps(torch.zeros(1, 3, 224, 224)).values()]
        [(1, 480, 28, 28), (1, 832, 14, 14)]
    """
    return Features(net, names)
