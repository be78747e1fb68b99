"""The networks in PyTorch: `googlenet(classes=10)` is an ordinary `nn.Module`."""

from common import networks
from common.planner import make_plan
from common.spec import Shape
from pytorch_impl.build import Network, build
from pytorch_impl.fast import fast
from pytorch_impl.googlenet import GoogLeNet
from pytorch_impl.weights import load_weights, save_weights

__all__ = ["GoogLeNet", "fast", "googlenet", "load_weights", "network", "save_weights"]


def network(
    name: str, input: Shape | None = None, classes: int | None = None, aux: bool = False
) -> Network:
    """The named network, freshly initialised by PyTorch's own rules, for inputs N x C x H x W.

    `input` is C x H x W and `classes` a number, both as published where not said; 0 classes leave
    the features; `aux` adds the auxiliary heads. Raises UsageError for what cannot be built.
    """
    return build(make_plan(networks.network(name, input, classes, aux)))


# Defined last: importing the submodule `googlenet` binds this name to it.
def googlenet(input: Shape | None = None, classes: int | None = None, aux: bool = False) -> Network:
    """The GoogLeNet of the common PyTorch tutorials, as `network` makes it."""
    return network("googlenet", input, classes, aux)
