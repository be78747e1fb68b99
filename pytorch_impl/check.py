"""Anybody's PyTorch network: told from other things, filled with numbers, watched as it runs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from common.check.trace import Trace, numbers
from common.spec import Shape
from pytorch_impl.recorder import Recorder, WithoutDropout, tensors, to_numpy

VERSION = torch.__version__
NETWORK = nn.Module


def prepare(dtype: str, note: Callable[[Any], None]) -> None:
    """Has networks made from here on compute in `dtype`, and `note` told of each layer made."""
    torch.set_default_dtype(getattr(torch, dtype))
    init = nn.Module.__init__

    def noted(self: nn.Module, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        note(self)

    nn.Module.__init__ = noted


def parts(net: nn.Module) -> list[nn.Module]:
    """The layers within a network."""
    return [part for part in net.modules() if part is not net]


def own_input(net: nn.Module) -> Shape | None:  # noqa: ARG001
    """The C x H x W that a network is made for, where it says so: in PyTorch none does."""
    return None


def count_parameters(net: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(parameter.numel() for parameter in net.parameters())


def fill(net: nn.Module, draw: np.random.Generator, x: NDArray, heads: bool) -> None:
    """Puts numbers drawn at random in place of all weights and statistics.

    Lazy layers are made for a batch N x C x H x W first.
    """
    net.to(torch.get_default_dtype()).train(heads)
    with torch.no_grad():
        if any(nn.parameter.is_lazy(each) for each in net.parameters()):
            net(torch.from_numpy(x).to(torch.get_default_dtype()))
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                shape, is_variance = tuple(tensor.shape), name.endswith(("variance", "var"))
                drawn = numbers(
                    shape, draw, int(np.prod(shape[1:])) * (len(shape) > 1), is_variance
                )
                tensor.copy_(torch.from_numpy(drawn))


def trace(net: nn.Module, x: NDArray, heads: bool, lines: Callable[[Any], tuple]) -> Trace:
    """What the network does with a batch N x C x H x W, in evaluation mode.

    With `heads` the network is in training mode, and its dropout and batch norm are not.
    """
    net.train(heads)
    for part in net.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.eval()
    with torch.no_grad(), WithoutDropout(heads) as dropout, Recorder(net, lines) as recorder:
        found = net(torch.from_numpy(x).to(torch.get_default_dtype()))
    outputs = [to_numpy(output) for output in tensors(found)]
    return Trace(x, recorder.calls, outputs, count_parameters(net), drops=dropout.drops)


def take_step(net: nn.Module, x: NDArray, labels: NDArray) -> int:
    """Takes a step of gradient descent of size 1, without dropout; gives the number of outputs.

    The loss is the sum of the cross entropies of all outputs.
    """
    net.train()
    with WithoutDropout(True):
        found = list(tensors(net(torch.from_numpy(x).to(torch.get_default_dtype()))))
    target = torch.from_numpy(labels)
    torch.stack([F.cross_entropy(output, target) for output in found]).sum().backward()
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.grad is not None:
                parameter -= parameter.grad
    return len(found)
