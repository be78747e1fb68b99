"""Anybody's Paddle network: told from other things, filled with numbers, watched as it runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import Tensor, nn
from paddle.nn import functional as F

from common.check.trace import Call, Drop, Trace, numbers
from common.spec import Shape
from paddle_impl.own_layers import Conv2D
from paddle_impl.run import cross_entropy

VERSION = paddle.__version__
NETWORK = nn.Layer
# The layers with weights, and what those are called.
LAYERS = {
    **dict.fromkeys((nn.Conv2D, Conv2D), ("conv", {"weight": "weight", "bias": "bias"})),
    nn.Linear: ("linear", {"weight": "weight", "bias": "bias"}),
    **dict.fromkeys(
        (nn.BatchNorm, nn.BatchNorm2D),
        (
            "norm",
            {
                "weight": "weight",
                "bias": "bias",
                "running_mean": "_mean",
                "running_var": "_variance",
            },
        ),
    ),
}


def prepare(dtype: str, note: Callable[[Any], None]) -> None:
    """Has networks made from here on compute in `dtype`, and `note` told of each layer made."""
    paddle.set_default_dtype(dtype)
    init = nn.Layer.__init__

    def noted(self: nn.Layer, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        note(self)

    nn.Layer.__init__ = noted


def parts(net: nn.Layer) -> list[nn.Layer]:
    """The layers within a network."""
    return list(net.sublayers())


def own_input(net: nn.Layer) -> Shape | None:  # noqa: ARG001
    """The C x H x W that a network is made for, where it says so: in Paddle none does."""
    return None


def count_parameters(net: nn.Layer) -> int:
    """How many numbers the network learns."""
    return sum(int(each.size) for each in net.parameters() if learns(each))


def fill(net: nn.Layer, draw: np.random.Generator) -> None:
    """Puts numbers drawn at random in place of all weights and statistics."""
    net.to(dtype=paddle.get_default_dtype())
    fixed = {id(layer.weight) for layer in (net, *parts(net)) if is_unscaled(layer)}
    for name, tensor in net.state_dict().items():
        if id(tensor) in fixed:
            continue
        shape, is_variance = tuple(tensor.shape), name.endswith("_variance")
        fan_in = {2: shape[0], 4: int(np.prod(shape[1:]))}.get(len(shape), 0)
        tensor.set_value(
            numbers(shape, draw, fan_in, is_variance).astype(str(tensor.numpy().dtype))
        )


def is_unscaled(layer: nn.Layer) -> bool:
    """Whether a batch norm has a scale that never learns: it stays 1."""
    is_norm = isinstance(layer, nn.BatchNorm | nn.BatchNorm2D)
    weight = layer.weight if is_norm else None
    return weight is not None and weight.optimize_attr.get("learning_rate") == 0


def learns(parameter: Tensor) -> bool:
    """Whether a parameter can change in training."""
    return not parameter.stop_gradient and parameter.optimize_attr.get("learning_rate") != 0


def trace(net: nn.Layer, x: NDArray, heads: bool, lines: Callable[[Any], tuple]) -> Trace:
    """What the network does with a batch N x C x H x W, in evaluation mode.

    With `heads` the network is in training mode, and its dropout and batch norm are not.
    """
    net.train() if heads else net.eval()
    for part in (net, *parts(net)):
        if isinstance(part, tuple(LAYERS)):
            part.eval()
    with paddle.no_grad(), without_dropout(heads) as drops, record(net, lines) as calls:
        found = net(paddle.to_tensor(x.astype(paddle.get_default_dtype())))
    outputs = [to_numpy(output) for output in tensors(found)]
    return Trace(x, calls, outputs, count_parameters(net), drops=drops)


def take_step(net: nn.Layer, x: NDArray, labels: NDArray) -> int:
    """Takes a step of gradient descent of size 1, without dropout; gives the number of outputs.

    The loss is the sum of the cross entropies of all outputs.
    """
    net.train()
    with without_dropout(True):
        found = list(tensors(net(paddle.to_tensor(x.astype(paddle.get_default_dtype())))))
    target = paddle.to_tensor(labels)
    paddle.stack([cross_entropy(output, target) for output in found]).sum().backward()
    with paddle.no_grad():
        for parameter in net.parameters():
            if parameter.grad is not None:
                parameter.set_value(parameter - parameter.grad)
    return len(found)


@contextmanager
def without_dropout(wanted: bool) -> Iterator[list[Drop]]:
    """Has dropout, as a layer or as a function, pass on what it is given, where that is wanted.

    The list is filled with those that would have been at work.
    """
    drops: list[Drop] = []
    own = F.dropout, F.dropout2d

    def passed(
        x: Tensor,
        p: float = 0.5,
        axis: Any = None,  # noqa: ARG001
        training: bool = True,
        mode: str = "",
        **_: Any,
    ) -> Tensor:
        if training and p:
            drops.append(Drop(float(p), to_numpy(x)))
        return x * (1 - p) if mode == "downscale_in_infer" else x

    if wanted:
        F.dropout = passed
        F.dropout2d = lambda x, p=0.5, training=True, **_: passed(x, p, training=training)
    try:
        yield drops
    finally:
        F.dropout, F.dropout2d = own


@contextmanager
def record(net: nn.Layer, lines: Callable[[Any], tuple]) -> Iterator[list[Call]]:
    """A list in which the layers with weights leave what went in and came out while it is open."""
    calls: list[Call] = []
    before: dict[int, NDArray] = {}

    def keep(layer: nn.Layer, inputs: tuple) -> None:
        # Copied before the call: what comes after may change a map in its place.
        before[id(layer)] = to_numpy(inputs[0])

    def leave(name: str, layer: nn.Layer, output: Tensor) -> None:
        kind, names = kind_of(layer)
        own = {ours: getattr(layer, theirs, None) for ours, theirs in names.items()}
        arrays = {ours: to_numpy(each) for ours, each in own.items() if each is not None}
        if kind == "linear":
            arrays["weight"] = arrays["weight"].T
        if is_unscaled(layer):
            del arrays["weight"]
        calls.append(
            Call(name, kind, arrays, before.pop(id(layer)), to_numpy(output), lines(layer))
        )

    hooks = []
    for name, layer in net.named_sublayers(include_self=True):
        if isinstance(layer, tuple(LAYERS)):
            hooks.append(layer.register_forward_pre_hook(keep))
            hooks.append(
                layer.register_forward_post_hook(
                    lambda layer, _, output, name=name: leave(name, layer, output)
                )
            )
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def kind_of(layer: nn.Layer) -> tuple[str, dict[str, str]]:
    """A layer's kind, and the names of its weights."""
    return next(found for kind, found in LAYERS.items() if isinstance(layer, kind))


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
    return np.array(tensor.numpy())
