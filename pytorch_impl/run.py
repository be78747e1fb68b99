"""One forward pass, or one gradient, of a planned network: arrays in, arrays out."""

from collections.abc import Mapping, Sequence

import torch
from numpy.typing import NDArray
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle

from common.shapes import Plan
from pytorch_impl.build import Network
from pytorch_impl.weights import load

VERSION = torch.__version__
Arrays = dict[str, NDArray]


def loaded(plan: Plan, weights: Mapping[str, NDArray], dtype: str) -> Network:
    """The network with these weights, computing in `dtype`."""
    net = Network(plan).to(getattr(torch, dtype))
    load(net, weights)
    return net


def run(net: Network, x: NDArray, paths: Sequence[str]) -> Arrays:
    """The result, the heads' outputs and those of the layers at `paths`, in evaluation mode.

    `x` is N x C x H x W, and so are the maps that come out.
    """
    net.eval()
    found: dict[str, torch.Tensor] = {}
    hooks = [keep(net, path, found) for path in paths]
    with torch.no_grad():
        found |= net.outputs(tensor(net, x))
    for hook in hooks:
        hook.remove()
    return {name: value.numpy() for name, value in found.items()}


def grad(net: Network, x: NDArray, labels: NDArray) -> Arrays:
    """The training loss and its gradient by every parameter, in the weights file's layout."""
    net.train()
    outputs = net.outputs(tensor(net, x))
    target = torch.from_numpy(labels)
    loss = sum(
        w * F.cross_entropy(outputs[name], target) for name, w in net.plan.loss_weights().items()
    )
    loss.backward()
    gradients = {name: p.grad.numpy() for name, p in net.named_parameters()}
    return {"loss": loss.detach().numpy()} | gradients


def count(net: Network) -> int:
    """How many parameters the framework itself would learn."""
    return sum(parameter.numel() for parameter in net.parameters())


def tensor(net: Network, x: NDArray) -> torch.Tensor:
    """A batch as the network takes it."""
    return torch.from_numpy(x).to(next(net.parameters()).dtype)


def keep(net: Network, path: str, found: dict[str, torch.Tensor]) -> RemovableHandle:
    """Has the module at `path` leave its output in `found` whenever it runs."""
    return net.get_submodule(path).register_forward_hook(
        lambda _, inputs, output: found.update({path: output})  # noqa: ARG005
    )
