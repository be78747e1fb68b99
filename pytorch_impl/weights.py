"""Loads and saves the weights of a PyTorch network."""

from collections.abc import Mapping
from pathlib import Path

import torch
from numpy.typing import NDArray
from torch import nn

from common.arrays import Arrays
from common.errors import UsageError
from common.files import weights
from common.files.framework_axes import PYTORCH
from pytorch_impl.build import Network

ADVICE = (
    "save and load it as it was built: call `prune.remove`, which makes pruning permanent, or "
    "`parametrize.remove_parametrizations`"
)


def set_arrays(net: Network, arrays: Mapping[str, NDArray]) -> None:
    """Sets all parameters and running statistics from arrays by name; all must be present."""
    state = PYTORCH.to_layout(net.plan, arrays)
    net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})


def get_arrays(net: Network) -> Arrays:
    """The arrays of a weights file by name, without PyTorch's counters of batches.

    Raises UsageError if the network's arrays differ from those it was built with.
    """
    state = {
        name: (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy(force=True)
        for name, tensor in net.state_dict().items()
        if not name.endswith(".num_batches_tracked")
    }
    return PYTORCH.from_complete(net.plan, state, ADVICE)


def load_weights(net: nn.Module, path: str | Path, backbone_only: bool = False) -> None:
    """Loads all parameters and running statistics from a weights file.

    Args:
        net: A network of this package, possibly wrapped by torch.compile, DataParallel or
            DistributedDataParallel.
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


def save_weights(net: nn.Module, path: str | Path) -> None:
    """Writes all parameters and running statistics to a weights file, completely or not at all.

    The format is the same for every framework.

    Args:
        net: A network as `load_weights` takes it.
        path: The .safetensors file to write.

    Raises:
        UsageError: For a network that has been changed since it was built, such as with
            pruned or parametrised arrays.
        DataError: For NaN and infinity, or if the file cannot be written.

    Example:
        >>> save_weights(googlenet(classes=10), "googlenet.safetensors")
    """
    net = unwrap(net)
    weights.write(Path(path), get_arrays(net), net.plan)


def unwrap(net: nn.Module) -> Network:
    """The network inside torch.compile, DataParallel and so on; raises UsageError without one."""
    inner: object = net
    while not isinstance(inner, Network):
        wrapped = (getattr(inner, name, None) for name in ("_orig_mod", "module"))
        inner = next((each for each in wrapped if each is not None), None)
        if inner is None:
            raise UsageError(
                f"{type(net).__name__} is not a network of pytorch_impl; give what `network` made"
            )
    return inner
