"""The networks in Keras: `googlenet(classes=10)` is an ordinary functional `keras.Model`."""

import keras

try:
    from common import networks
except ImportError as error:
    if not (error.name or "").startswith("common"):
        raise
    raise ImportError(
        f"{error}: a different package `common` comes before that of tensorflow_impl in sys.path; "
        "rename it, or run Python with -P outside its folder"
    ) from None
from common.spec import Shape
from common.spec.planner import make_plan
from tensorflow_impl.build import build
from tensorflow_impl.fast import fast
from tensorflow_impl.features import features
from tensorflow_impl.googlenet import GoogLeNet
from tensorflow_impl.weights import load_weights, save_weights

__all__ = [
    "GoogLeNet", "fast", "features", "googlenet", "load_weights", "network", "save_weights",
]  # fmt: skip


def network(
    name: str,
    input: Shape | None = None,
    classes: int | None = None,
    aux: bool = False,
    *,
    since: str | None = None,
    until: str | None = None,
    global_pool: bool = True,
) -> keras.Model:
    """Returns a new network, with weights drawn by Keras' default initialisers.

    `googlenet init` writes weights that are drawn as in the network's published code.

    Args:
        name: A name that `googlenet list` prints, such as "inception_v3".
        input: The shape (channels, rows, columns) of one image. Default: as published.
        classes: The number of classes, or 0 for the pooled features. Default: as published.
        aux: Whether to add the auxiliary heads; in training the outputs are then a dict by name,
            `logits` and one for each head.
        since: The first layer to build, as "inception3a"; `input` is then the shape of its input.
        until: The last layer to build, as "inception4e"; the network returns its output.
        global_pool: If False, the last pool keeps its published window, so that larger images
            give a map of logits; only for "googlenet.slim" and "inception_v2.slim".

    Returns:
        A functional `keras.Model` that maps images N x H x W x C to logits N x classes.

    Raises:
        UsageError: For an unknown name, an invalid size, or heads that the network lacks.

    Example:
        >>> net = network("inception_v3", classes=10)
        >>> net(tf.zeros((1, 299, 299, 3))).shape
        TensorShape([1, 10])
    """
    spec = networks.network(
        name, input, classes, aux, since=since, until=until, global_pool=global_pool
    )
    return build(make_plan(spec))


# Defined last, because importing the submodule `googlenet` binds this name to the submodule.
def googlenet(
    input: Shape | None = None, classes: int | None = None, aux: bool = False
) -> keras.Model:
    """Returns a new GoogLeNet as in the PyTorch tutorial that most copies follow (docs/weights.md).

    The same as `network("googlenet", input, classes, aux)`, which documents the arguments and
    errors.

    Example:
        >>> net = googlenet(classes=10)
        >>> net(tf.zeros((1, 224, 224, 3))).shape
        TensorShape([1, 10])
    """
    return network("googlenet", input, classes, aux)
