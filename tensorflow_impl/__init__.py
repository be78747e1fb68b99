"""The networks in Keras: `googlenet(classes=10)` is an ordinary functional `keras.Model`."""

import keras

from common import networks
from common.planner import make_plan
from common.spec import Shape
from tensorflow_impl.build import build
from tensorflow_impl.fast import fast
from tensorflow_impl.googlenet import GoogLeNet
from tensorflow_impl.weights import load_weights, save_weights

__all__ = ["GoogLeNet", "fast", "googlenet", "load_weights", "network", "save_weights"]


def network(
    name: str, input: Shape | None = None, classes: int | None = None, aux: bool = False
) -> keras.Model:
    """The named network, freshly initialised by Keras' own rules, for inputs N x H x W x C.

    `input` is C x H x W and `classes` a number, both as published where not said; 0 classes leave
    the features; `aux` adds the auxiliary heads. Raises UsageError for what cannot be built.
    """
    return build(make_plan(networks.network(name, input, classes, aux)))


# Defined last: importing the submodule `googlenet` binds this name to it.
def googlenet(
    input: Shape | None = None, classes: int | None = None, aux: bool = False
) -> keras.Model:
    """The GoogLeNet of the common PyTorch tutorials, as `network` makes it."""
    return network("googlenet", input, classes, aux)
