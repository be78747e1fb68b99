"""The networks in PyTorch: `googlenet(classes=10)` is an ordinary `nn.Module`."""

try:
    from common import networks
except ImportError as error:
    raise ImportError(
        f"{error}: a different package `common` comes before that of pytorch_impl in sys.path; "
        "rename it, or run Python with -P outside its folder"
    ) from None
from common.spec import Shape
from common.spec.planner import make_plan
from pytorch_impl.build import Network, build
from pytorch_impl.fast import fast
from pytorch_impl.googlenet import GoogLeNet
from pytorch_impl.weights import load_weights, save_weights

__all__ = ["GoogLeNet", "fast", "googlenet", "load_weights", "network", "save_weights"]


def network(
    name: str, input: Shape | None = None, classes: int | None = None, aux: bool = False
) -> Network:
    """Returns a new network, with weights drawn by PyTorch's default initialisers.

    `googlenet init` writes weights that are drawn as in the network's published code.

    Args:
        name: One of the names that `googlenet list` prints, such as "inception_v3".
        input: The shape (channels, rows, columns) of one image. Default: as published.
        classes: The number of classes; with 0 the network has no classifier and returns the
            pooled features. Default: as published.
        aux: Whether to add the auxiliary heads. In training the network then returns a dict of
            `logits` and one entry for each head.

    Returns:
        An `nn.Module` that maps images N x C x H x W to logits N x classes.

    Raises:
        UsageError: For an unknown name, an invalid size, or heads that the network lacks.

    Example:
        >>> net = network("inception_v3", classes=10).eval()
        >>> net(torch.zeros(1, 3, 299, 299)).shape
        torch.Size([1, 10])
    """
    return build(make_plan(networks.network(name, input, classes, aux)))


# Defined last, because importing the submodule `googlenet` binds this name to the submodule.
def googlenet(input: Shape | None = None, classes: int | None = None, aux: bool = False) -> Network:
    """Returns a new GoogLeNet as in the common PyTorch tutorials.

    The same as `network("googlenet", input, classes, aux)`, which documents the arguments and
    errors.

    Example:
        >>> net = googlenet(classes=10).eval()
        >>> net(torch.zeros(1, 3, 224, 224)).shape
        torch.Size([1, 10])
    """
    return network("googlenet", input, classes, aux)
