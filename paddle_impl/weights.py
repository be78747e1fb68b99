"""Weights in and out of a Paddle network."""

from collections.abc import Mapping
from pathlib import Path

import paddle
from numpy.typing import NDArray
from paddle import nn

from common import spec
from common.arrays import Arrays
from common.errors import UsageError
from common.files import weights
from common.files.layouts import PADDLE
from common.plan import Plan
from paddle_impl.build import Network

ADVICE = "save and load it as it was built: `nn.utils.remove_weight_norm` undoes weight norm"


def set_arrays(net: Network, arrays: Mapping[str, NDArray]) -> None:
    """Sets every parameter and statistic from the array of the same name; all must be there."""
    tensors = net.state_dict()
    for name, array in PADDLE.outward(net.plan, arrays).items():
        tensors[name].set_value(paddle.to_tensor(array).astype(tensors[name].dtype))


def get_arrays(net: Network) -> Arrays:
    """Every array of the weights file under its name; scales that stand in are left out.

    Raises UsageError for a network with other arrays than it was built with.
    """
    left_out = stand_ins(net.plan)
    state = {
        name: (tensor.astype("float32") if tensor.dtype == paddle.bfloat16 else tensor).numpy()
        for name, tensor in net.state_dict().items()
        if name not in left_out
    }
    return PADDLE.whole(net.plan, state, ADVICE)


def load_weights(net: nn.Layer, path: str | Path, trunk_only: bool = False) -> None:
    """Sets every parameter and statistic from a weights file; raises DataError unless all fit.

    With `trunk_only` the classifier and the heads keep their values, whatever the file has there.
    The network may be inside DataParallel, or turned static.
    """
    net = unwrap(net)
    set_arrays(net, get_arrays(net) | weights.load(Path(path), net.plan, trunk_only))


def save_weights(net: nn.Layer, path: str | Path) -> None:
    """Writes every parameter and statistic into a weights file, whole or not at all.

    The network may be wrapped as for `load_weights`. Raises UsageError or DataError for weights
    that `load_weights` would refuse: renamed, of another shape, NaN or infinite.
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
    """The scales of batch norms without one: Paddle's layer needs an array, which stays 1."""
    return {
        f"{node.path}.weight"
        for node in plan.nodes()
        if isinstance(node.word, spec.BatchNorm) and not node.word.scale
    }
