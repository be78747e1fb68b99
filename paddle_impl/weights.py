"""Loads and saves the weights of a Paddle network."""

from collections.abc import Mapping
from pathlib import Path

import paddle
from numpy.typing import NDArray
from paddle import nn

from common import spec
from common.arrays import Arrays
from common.errors import UsageError
from common.files import weights
from common.files.framework_axes import PADDLE
from common.spec.plan import Plan
from paddle_impl.build import Network

ADVICE = "save and load it as it was built: `nn.utils.remove_weight_norm` undoes weight norm"


def set_arrays(net: Network, arrays: Mapping[str, NDArray]) -> None:
    """Sets all parameters and running statistics from arrays by name; others are kept."""
    tensors = net.state_dict()
    for name, array in PADDLE.to_layout(net.plan, arrays).items():
        tensors[name].set_value(paddle.to_tensor(array).astype(tensors[name].dtype))


def get_arrays(net: Network) -> Arrays:
    """The arrays of a weights file by name, without the scales that only Paddle needs.

    Raises UsageError if the network's arrays differ from those it was built with.
    """
    left_out = stand_ins(net.plan)
    state = {
        name: (tensor.astype("float32") if tensor.dtype == paddle.bfloat16 else tensor).numpy()
        for name, tensor in net.state_dict().items()
        if name not in left_out
    }
    return PADDLE.from_complete(net.plan, state, ADVICE)


def load_weights(net: nn.Layer, path: str | Path, backbone_only: bool = False) -> None:
    """Loads all parameters and running statistics from a weights file.

    Args:
        net: A network of this package, possibly wrapped by DataParallel or converted to a static
            graph.
        path: A .safetensors file that `save_weights` or `googlenet convert` wrote.
        backbone_only: Load everything except the classifier and the heads, which stay as they are.

    Raises:
        DataError: If the file cannot be read, or its arrays do not fit the network.
        UsageError: For a network that is not of this package, or was changed after it was built.

    Example:
        >>> save_weights(googlenet(classes=10), "googlenet.safetensors")
        >>> load_weights(googlenet(classes=7), "googlenet.safetensors", backbone_only=True)
    """
    net = unwrap(net)
    set_arrays(net, get_arrays(net) | weights.load(Path(path), net.plan, backbone_only))


def save_weights(net: nn.Layer, path: str | Path) -> None:
    """Writes all parameters and running statistics to a weights file, completely or not at all.

    The format is the same for every framework.

    Args:
        net: A network as `load_weights` takes it.
        path: The .safetensors file to write.

    Raises:
        UsageError: For a network that has been changed since it was built, such as with
            renamed arrays.
        DataError: For NaN and infinity, or if the file cannot be written.

    Example:
        >>> save_weights(googlenet(classes=10), "googlenet.safetensors")
    """
    net = unwrap(net)
    weights.write(Path(path), get_arrays(net), net.plan)


def unwrap(net: nn.Layer) -> Network:
    """The network inside DataParallel; raises UsageError if there is none."""
    inner = net
    while isinstance(inner, paddle.DataParallel):
        inner = inner._layers
    if not isinstance(inner, Network):
        raise UsageError(
            f"{type(net).__name__} is not a network of paddle_impl; give what `network` made"
        )
    return inner


def stand_ins(plan: Plan) -> set[str]:
    """The names of the scales, always 1, that Paddle needs for batch norms without a scale."""
    return {
        f"{node.path}.weight"
        for node in plan.nodes()
        if isinstance(node.layer, spec.BatchNorm) and not node.layer.scale
    }
