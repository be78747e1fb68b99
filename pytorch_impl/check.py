"""Runs a user's PyTorch network for `googlenet check`: fills it with random weights, traces it."""

import urllib.request
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from common.spec import Shape
from common.tools.check.random_values import numbers
from common.tools.check.trace import Trace
from pytorch_impl.old_names import OLD_NAMES  # noqa: F401  # part of the interface
from pytorch_impl.tracer import record, tensors, to_numpy, without_dropout

VERSION = torch.__version__
NETWORK = nn.Module
# Functions that train or download; a statement of the user's file that calls one is left out.
TRAINING = (
    (torch.Tensor, "backward"),
    (torch.hub, "load_state_dict_from_url"),
    (torch.hub, "download_url_to_file"),
    (urllib.request, "urlopen"),
    (urllib.request, "urlretrieve"),
)


def prepare(dtype: str, note: Callable[[Any], None]) -> None:
    """Makes `dtype` the default for new networks, and calls `note` with each layer created.

    This changes PyTorch for the rest of the process.
    """
    torch.set_default_dtype(getattr(torch, dtype))
    init = nn.Module.__init__

    def noted(self: nn.Module, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        note(self)

    nn.Module.__init__ = noted


def symbolic_input(size: Shape) -> Any:  # noqa: ARG001
    """The input of a functional model; None, since PyTorch has none."""
    return None


def as_network(made: Any) -> Any:
    """The network of which this is the result; in PyTorch, only networks are."""
    return made


def parts(net: nn.Module) -> list[nn.Module]:
    """All layers inside a network, at any depth."""
    return [layer for layer in net.modules() if layer is not net]


def own_input(net: nn.Module) -> Shape | None:  # noqa: ARG001
    """The C x H x W that a network is built for, if it declares one; PyTorch networks never do."""
    return None


def is_unshaped(net: nn.Module) -> bool:
    """Whether layers of a network get the shapes of their weights from the first input."""
    return any(nn.parameter.is_lazy(each) for each in net.parameters())


def is_too_large(net: nn.Module) -> bool:  # noqa: ARG001
    """Never: a network in PyTorch is not made for a size of images."""
    return False


def count_parameters(net: nn.Module) -> int:
    """The number of parameters, frozen ones included, without running statistics."""
    return sum(parameter.numel() for parameter in net.parameters())


def fill(net: nn.Module, draw: np.random.Generator, x: NDArray, heads: bool) -> None:
    """Replaces all weights and running statistics with random values.

    Lazy layers are first initialised by a call with `x`, a batch N x C x H x W. With `heads`, the
    network is in training mode.
    """
    net.to(torch.get_default_dtype()).train(heads)
    with torch.no_grad():
        if is_unshaped(net):
            net(torch.from_numpy(x).to(torch.get_default_dtype()))
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                shape = tuple(tensor.shape)
                drawn = numbers(name, shape, draw, int(np.prod(shape[1:])))
                tensor.copy_(torch.from_numpy(drawn))


def trace(net: nn.Module, x: NDArray, heads: bool, lines: Callable[[Any], tuple]) -> Trace:
    """The trace of the network on a batch N x C x H x W, in evaluation mode.

    With `heads` only dropout and batch norm are in evaluation mode, and the rest in training mode.
    `lines` returns the lines of the user's file in which a layer was created.
    """
    net.train(heads)
    for layer in net.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.eval()
    given = torch.from_numpy(x).to(torch.get_default_dtype())
    with torch.no_grad(), without_dropout(heads):
        net(given[:1])  # an input of a wrong size fails here, before all feature maps are kept
    with torch.no_grad(), without_dropout(heads) as drops, record(net, lines) as calls:
        found = net(given)
    outputs = [to_numpy(output) for output in tensors(found)]
    return Trace(
        image=x,
        calls=calls,
        outputs=outputs,
        parameters=count_parameters(net),
        drops=drops,
        steps=calls.steps,
    )


def take_step(net: nn.Module, x: NDArray, labels: NDArray) -> int:
    """Takes a gradient descent step of rate 1, without dropout; returns the number of outputs.

    The loss is the sum of the cross entropies of all outputs.
    """
    net.train()
    with without_dropout(True):
        found = list(tensors(net(torch.from_numpy(x).to(torch.get_default_dtype()))))
    target = torch.from_numpy(labels)
    torch.stack([F.cross_entropy(output, target) for output in found]).sum().backward()
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.grad is not None:
                parameter -= parameter.grad
    return len(found)
