"""Feature maps of a network by name, computed in one forward pass."""

from collections.abc import Sequence

from paddle import Tensor, nn

from paddle_impl.build import Network


class Features(nn.Layer):
    """The steps of a network up to the last one in `names`; returns the outputs of these steps."""

    def __init__(self, net: Network, names: Sequence[str]) -> None:
        super().__init__()
        self.names, self.check_input = tuple(names), net.check_input
        layers = dict(net.named_children())
        for step in net.plan.steps_until(names):
            self.add_sublayer(step.path, layers[step.path])

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        self.check_input(x)
        outputs: dict[str, Tensor] = {}
        for name, step in self.named_children():
            x = outputs[name] = step(x)
        return {name: outputs[name] for name in self.names}


def features(net: Network, names: Sequence[str]) -> Features:
    """Returns a layer that computes the outputs of some steps of a network.

    It shares the layers and the weights of the network, so it can be trained, and ends after the
    last step that is needed.

    Args:
        net: A network of this package, without or with heads, which are not computed.
        names: Names of steps: the rows of `googlenet summary` that are not indented.

    Returns:
        A `paddle.nn.Layer` that maps images N x C x H x W to a dict of outputs, in the order of
        `names`.

    Raises:
        UsageError: For a name that is not a step of the network, or without any name.

    Example:
        >>> maps = features(googlenet(), ["inception3b", "inception4e"])
        >>> [tuple(each.shape) for each in maps(paddle.zeros([1, 3, 224, 224])).values()]
        [(1, 480, 28, 28), (1, 832, 14, 14)]
    """
    return Features(net, names)
