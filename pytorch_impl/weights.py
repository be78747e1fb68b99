"""Weights in and out of a PyTorch network."""

from collections.abc import Mapping
from pathlib import Path

import torch
from numpy.typing import NDArray
from torch import nn

from common.arrays import Arrays
from common.errors import UsageError
from common.files import weights
from common.files.layouts import PYTORCH
from pytorch_impl.build import Network

ADVICE = (
    "save and load it as it was built: `prune.remove` undoes pruning, "
    "`parametrize.remove_parametrizations` weight norm and the like"
)


def set_arrays(net: Network, arrays: Mapping[str, NDArray]) -> None:
    """Sets every parameter and statistic from the array of the same name; all must be there."""
    state = PYTORCH.outward(net.plan, arrays)
    net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})


def get_arrays(net: Network) -> Arrays:
    """Every array of the weights file under its name; PyTorch's batch counters are left out.

    Raises UsageError for a network with other arrays than it was built with.
    """
    state = {
        name: (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(force=True)
        for name, tensor in net.state_dict().items()
        if not name.endswith(".num_batches_tracked")
    }
    return PYTORCH.whole(net.plan, state, ADVICE)


def load_weights(net: nn.Module, path: str | Path, trunk_only: bool = False) -> None:
    """Sets every parameter and statistic from a weights file; raises DataError unless all fit.

    With `trunk_only` the classifier and the heads keep their values, whatever the file has there.
    The network may be inside torch.compile, DataParallel or DistributedDataParallel.
    """
    net = unwrap(net)
    set_arrays(net, get_arrays(net) | weights.load(Path(path), net.plan, trunk_only))


def save_weights(net: nn.Module, path: str | Path) -> None:
    """Writes every parameter and statistic into a weights file, whole or not at all.

    The network may be wrapped as for `load_weights`. Raises UsageError or DataError for weights
    that `load_weights` would refuse: pruned, parametrised, of another shape, NaN or infinite.
    """
    net = unwrap(net)
    weights.write(Path(path), get_arrays(net), net.plan)


def unwrap(net: nn.Module) -> Network:
    """The network inside torch.compile, DataParallel and the like; UsageError if there is none."""
    inner: object = net
    while not isinstance(inner, Network):
        wrapped = (getattr(inner, name, None) for name in ("_orig_mod", "module"))
        inner = next((each for each in wrapped if each is not None), None)
        if inner is None:
            raise UsageError(
                f"{type(net).__name__} is not a network of pytorch_impl; give what `network` made"
            )
    return inner
