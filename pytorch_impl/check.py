"""Anybody's PyTorch network: told from other things, filled with numbers, watched as it runs."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from common.check.trace import Call, Drop, Trace, numbers
from common.spec import Shape

VERSION = torch.__version__
NETWORK = nn.Module
# The functions that compute with weights, and what they are given, in this order.
FUNCTIONS = {
    torch.conv2d: ("conv", "input weight bias"),
    F.linear: ("linear", "input weight bias"),
    F.batch_norm: ("norm", "input running_mean running_var weight bias"),
    torch.batch_norm: ("norm", "input weight bias running_mean running_var"),
}


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


def fill(net: nn.Module, draw: np.random.Generator) -> None:
    """Puts numbers drawn at random in place of all weights and statistics."""
    net.to(torch.get_default_dtype())
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                shape, is_variance = tuple(tensor.shape), name.endswith("running_var")
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


class WithoutDropout(TorchFunctionMode):
    """Has dropout, as a layer or as a function, pass on what it is given, where that is wanted.

    `drops` are those that would have been at work.
    """

    def __init__(self, wanted: bool) -> None:
        super().__init__()
        self.wanted = wanted
        self.drops: list[Drop] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not self.wanted or func not in (F.dropout, F.dropout2d, torch.dropout):
            return func(*args, **(kwargs or {}))
        given = dict(zip(("input", "p", "training"), args, strict=False)) | (kwargs or {})
        rate = given.get("p", 0.5) * given.get("training", given.get("train", True))
        if rate:
            self.drops.append(Drop(float(rate), to_numpy(given["input"])))
        return given["input"]


class Recorder(TorchFunctionMode):
    """Keeps what goes into and comes out of all that computes with weights."""

    def __init__(self, net: nn.Module, lines: Callable[[Any], tuple]) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.owners = {
            id(tensor): (name, lines(part))
            for name, part in net.named_modules()
            for tensor in (*part.parameters(recurse=False), *part.buffers(recurse=False))
        }

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func not in FUNCTIONS:
            return func(*args, **(kwargs or {}))
        kind, names = FUNCTIONS[func]
        given = dict(zip(names.split(), args, strict=False)) | (kwargs or {})
        own = {name: given[name] for name in names.split() if given.get(name) is not None}
        # Copied before the call: what comes after may change a map in its place.
        arrays = {name: to_numpy(tensor) for name, tensor in own.items()}
        y = func(*args, **(kwargs or {}))
        owners = [self.owners[id(each)] for each in own.values() if id(each) in self.owners]
        name, lines = owners[0] if owners else ("", ())
        before = arrays.pop("input")
        self.calls.append(Call(name, kind, arrays, before, to_numpy(y), lines))
        return y


def tensors(found: Any) -> Iterator[Tensor]:
    """The tensors in what a network returns, those with names in the order of the names."""
    if isinstance(found, Tensor):
        yield found
    elif hasattr(found, "_asdict"):
        yield from tensors(found._asdict())
    elif isinstance(found, dict | list | tuple):
        for each in (found[name] for name in sorted(found)) if isinstance(found, dict) else found:
            yield from tensors(each)


def to_numpy(tensor: Tensor) -> NDArray:
    """A copy of a tensor in NumPy."""
    with torch._C.DisableTorchFunction():
        return tensor.detach().cpu().numpy().copy()
