"""Feature maps of a network by name, computed in one forward pass."""

from collections.abc import Sequence

import keras

from tensorflow_impl.run import endpoint


def features(net: keras.Model, names: Sequence[str]) -> keras.Model:
    """Returns a model that computes the outputs of some layers of a network.

    It shares the layers and the weights of the network, so it can be trained, and ends after the
    last layer that is needed.

    Args:
        net: A network of this package, without or with heads, which are not computed.
        names: Names of layers: the rows of `googlenet summary` that are not indented.

    Returns:
        A functional `keras.Model` that maps images N x H x W x C to a dict of outputs, in the order
        of `names`.

    Raises:
        UsageError: For a name that is not a layer of the network's body, or without any name.

    Example:
        >>> maps = features(googlenet(), ["inception3b", "inception4e"])
        >>> [tuple(each.shape) for each in maps(tf.zeros((1, 224, 224, 3))).values()]
        [(1, 28, 28, 480), (1, 14, 14, 832)]
    """
    net.plan.layers_until(names)  # raises an error for an unknown name
    return keras.Model(net.inputs, {name: endpoint(net, name) for name in names})
