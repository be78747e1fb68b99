"""Traces a user's PyTorch network while it runs: layers with weights, and dropout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from common.tools.check.own_norms import own_norm
from common.tools.check.trace import Calls, Drop, LayerCall
from common.tools.check.weightless import Fingerprint, Weightless, fingerprint

FEW = 3  # values
# The functions that are watched, because they compute with weights: the kind of layer that each
# computes, and its arguments in order. PyTorch's layers call them as well.
FUNCTIONS = {
    torch.conv2d: ("conv", "input weight bias"),
    F.linear: ("linear", "input weight bias"),
    F.batch_norm: ("norm", "input running_mean running_var weight bias"),
    torch.batch_norm: ("norm", "input weight bias running_mean running_var"),
    F.group_norm: ("norm", "input num_groups weight bias"),
    F.instance_norm: ("norm", "input running_mean running_var weight bias"),
    F.layer_norm: ("norm", "input normalized_shape weight bias"),
}


@contextmanager
def without_dropout(wanted: bool) -> Iterator[list[Drop]]:
    """Disables dropout, both layers and functions, as in evaluation, if `wanted`.

    Yields a list that is filled with the dropouts that would have been active.
    """
    mode = Dropouts()
    with mode if wanted else nullcontext():
        yield mode.drops


@contextmanager
def record(net: nn.Module, lines: Callable[[Any], tuple]) -> Iterator[Calls]:
    """Yields a list that collects the inputs and outputs of everything that computes with weights.

    That is each call of one of `FUNCTIONS`, by a layer or by the user's code; its name is that of
    the layer that owns the weights, if any. `lines` returns the lines of the user's file in which
    a layer was created.
    """
    with Tracer(net, lines) as tracer:
        hooks = [hook for each in net.named_modules() for hook in tracer.watch(*each)]
        try:
            yield tracer.calls
        finally:
            for hook in hooks:
                hook.remove()


class Tracer(TorchFunctionMode):
    """Records the inputs and outputs of everything that computes with weights."""

    def __init__(self, net: nn.Module, lines: Callable[[Any], tuple]) -> None:
        super().__init__()
        self.calls, self.lines = Calls(), lines
        self.owners = {
            id(tensor): (name, lines(layer))
            for name, layer in net.named_modules()
            for tensor in (*layer.parameters(recurse=False), *layer.buffers(recurse=False))
        }

    def watch(self, name: str, layer: nn.Module) -> Iterator[Any]:
        """Yields hooks that record a batch norm of the user's own as if it were PyTorch's."""
        own = dict(layer.named_parameters(recurse=False)) | dict(layer.named_buffers(recurse=False))
        if not own and not [*layer.children()]:
            yield from self.watch_weightless(layer)
        if type(layer).__module__.startswith("torch.") or not own:
            return
        before: list[tuple[NDArray, int]] = []

        def keep(_: nn.Module, given: tuple) -> None:
            if len(given) == 1 and isinstance(given[0], Tensor):
                before.append((to_numpy(given[0]), len(self.calls)))

        def leave(_: nn.Module, __: tuple, y: Any) -> None:
            x, count = before.pop() if before else (None, 0)
            if x is None or count != len(self.calls) or not isinstance(y, Tensor):
                return
            after, lines = to_numpy(y), self.lines(layer)
            weights = own_norm({n: to_numpy(each) for n, each in own.items()}, x, after)
            if weights:
                self.calls.append(
                    LayerCall(
                        name=name, kind="norm", weights=weights, input=x, output=after, lines=lines
                    )
                )

        yield layer.register_forward_pre_hook(keep)
        yield layer.register_forward_hook(leave)

    def watch_weightless(self, layer: nn.Module) -> Iterator[Any]:
        """Yields hooks that record a layer without weights."""
        before: list[Fingerprint] = []

        def keep(_: nn.Module, given: tuple) -> None:
            if given and isinstance(given[0], Tensor):
                before.append(fingerprint(to_numpy(given[0])))

        def leave(_: nn.Module, __: tuple, y: Any) -> None:
            if before and isinstance(y, Tensor):
                kind, after = type(layer).__name__, fingerprint(to_numpy(y))
                self.calls.steps.append(
                    Weightless(kind=kind, lines=self.lines(layer), before=before.pop(), after=after)
                )

        yield layer.register_forward_pre_hook(keep)
        yield layer.register_forward_hook(leave)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func not in FUNCTIONS:
            return func(*args, **(kwargs or {}))
        kind, names = FUNCTIONS[func]
        given = dict(zip(names.split(), args, strict=False)) | (kwargs or {})
        own = {n: given[n] for n in names.split() if isinstance(given.get(n), Tensor)}
        # Copied before the call, because later layers may change a feature map in place.
        arrays = {name: to_numpy(tensor) for name, tensor in own.items()}
        y = func(*args, **(kwargs or {}))
        owners = [self.owners[id(each)] for each in own.values() if id(each) in self.owners]
        if not owners and is_constant(arrays.get("weight")):
            return y
        name, lines = owners[0] if owners else ("", ())
        before, after = arrays.pop("input"), to_numpy(y)
        if func is F.layer_norm and before.ndim == 4 and len(given["normalized_shape"]) == 1:
            before, after = (each.transpose(0, 3, 1, 2) for each in (before, after))
        self.calls.append(
            LayerCall(name=name, kind=kind, weights=arrays, input=before, output=after, lines=lines)
        )
        return y


def is_constant(weight: NDArray | None) -> bool:
    """Whether a weight has a few values only, as the matrix of an LRN, and not random ones."""
    is_matrix = weight is not None and weight.ndim > 1  # a new batch norm has a scale of ones
    return is_matrix and len(np.unique(weight)) <= FEW


class Dropouts(TorchFunctionMode):
    """Disables dropout, both layers and functions, and records it in `drops`."""

    def __init__(self) -> None:
        super().__init__()
        self.drops: list[Drop] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func not in (F.dropout, F.dropout2d, torch.dropout):
            return func(*args, **(kwargs or {}))
        given = dict(zip(("input", "p", "training"), args, strict=False)) | (kwargs or {})
        rate = given.get("p", 0.5) * given.get("training", given.get("train", True))
        if rate:
            self.drops.append(Drop(float(rate), to_numpy(given["input"])))
        return given["input"]


def tensors(found: Any) -> Iterator[Tensor]:
    """Yields the tensors in a network's output, those with names in the order of the names."""
    if isinstance(found, Tensor):
        yield found
    elif hasattr(found, "_asdict"):
        yield from tensors(found._asdict())
    elif isinstance(found, dict | list | tuple):
        for each in (found[name] for name in sorted(found)) if isinstance(found, dict) else found:
            yield from tensors(each)


def to_numpy(tensor: Tensor) -> NDArray:
    """A copy of a tensor as a NumPy array."""
    with torch._C.DisableTorchFunction():
        return tensor.detach().cpu().numpy().copy()
