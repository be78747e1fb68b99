"""One forward pass, or one gradient, of a planned network: arrays in, arrays out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from common.plan import Plan
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
    with torch.no_grad(), kept(net, paths) as found:
        found |= net.outputs(tensor(net, x))
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


@contextmanager
def kept(net: Network, paths: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
    """A dict in which the modules at `paths` leave their outputs while it is open."""
    found: dict[str, torch.Tensor] = {}

    def leave(path: str, output: torch.Tensor) -> None:
        found[path] = output

    hooks = [
        net.get_submodule(path).register_forward_hook(lambda *call, path=path: leave(path, call[2]))
        for path in paths
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
