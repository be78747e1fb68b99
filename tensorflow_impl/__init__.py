"""The networks in Keras: `googlenet(classes=10)` is an ordinary functional `keras.Model`."""

import keras

try:
    from common import networks
except ImportError as error:
    raise ImportError(
        f"{error}: a different package `common` comes before that of tensorflow_impl in sys.path; "
        "rename it, or run Python with -P outside its folder"
    ) from None
from common.spec import Shape
from common.spec.planner import make_plan
from tensorflow_impl.build import build
from tensorflow_impl.fast import fast
from tensorflow_impl.googlenet import GoogLeNet
from tensorflow_impl.weights import load_weights, save_weights

__all__ = ["GoogLeNet", "fast", "googlenet", "load_weights", "network", "save_weights"]


def network(
    name: str, input: Shape | None = None, classes: int | None = None, aux: bool = False
) -> keras.Model:
    """Returns a new network, with weights drawn by Keras' default initialisers.

    `googlenet init` writes weights that are drawn as in the network's published code.

    Args:
        name: One of the names that `googlenet list` prints, such as "inception_v3".
        input: The shape (channels, rows, columns) of one image. Default: as published.
        classes: The number of classes; with 0 the network has no classifier and returns the
            pooled features. Default: as published.
        aux: Whether to add the auxiliary heads. In training the network then returns a dict of
            `logits` and one entry for each head.

    Returns:
        A functional `keras.Model` that maps images N x H x W x C to logits N x classes.

    Raises:
        UsageError: For an unknown name, an invalid size, or heads that the network lacks.

    Example:
        >>> net = network("inception_v3", classes=10)
        >>> net(tf.zeros((1, 299, 299, 3))).shape
        TensorShape([1, 10])
    """
    return build(make_plan(networks.network(name, input, classes, aux)))


# Defined last, because importing the submodule `googlenet` binds this name to the submodule.
def googlenet(
    input: Shape | None = None, classes: int | None = None, aux: bool = False
) -> keras.Model:
    """Returns a new GoogLeNet as in the common PyTorch tutorials.

    The same as `network("googlenet", input, classes, aux)`, which documents the arguments and
    errors.

    Example:
        >>> net = googlenet(classes=10)
        >>> net(tf.zeros((1, 224, 224, 3))).shape
        TensorShape([1, 10])
    """
    return network("googlenet", input, classes, aux)
