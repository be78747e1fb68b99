"""The networks in Paddle: `googlenet(classes=10)` is an ordinary `paddle.nn.Layer`."""

from common import networks
from common.planner import make_plan
from common.spec import Shape
from paddle_impl.build import Network, build
from paddle_impl.fast import fast
from paddle_impl.googlenet import GoogLeNet
from paddle_impl.weights import load_weights, save_weights

__all__ = ["GoogLeNet", "fast", "googlenet", "load_weights", "network", "save_weights"]


def network(
    name: str, input: Shape | None = None, classes: int | None = None, aux: bool = False
) -> Network:
    """The named network, freshly initialised by Paddle's own rules, for inputs N x C x H x W.

    `input` is C x H x W and `classes` a number, both as published where not said; 0 classes leave
    the features; `aux` adds the auxiliary heads. Raises UsageError for what cannot be built.
    """
    return build(make_plan(networks.network(name, input, classes, aux)))


# Defined last: importing the submodule `googlenet` binds this name to it.
def googlenet(input: Shape | None = None, classes: int | None = None, aux: bool = False) -> Network:
    """The GoogLeNet of the common PyTorch tutorials, as `network` makes it."""
    return network("googlenet", input, classes, aux)
