"""Anybody's Paddle network: told from other things, filled with numbers, watched as it runs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import Tensor, nn

from common.check.trace import Trace, numbers
from common.spec import Shape
from paddle_impl.recorder import (
    LAYERS,
    WATCHED,
    is_unscaled,
    record,
    tensors,
    to_numpy,
    without_dropout,
)
from paddle_impl.run import cross_entropy

VERSION = paddle.__version__
NETWORK = nn.Layer


def prepare(dtype: str, note: Callable[[Any], None]) -> None:
    """Has networks made from here on compute in `dtype`, and `note` told of each layer made."""
    paddle.set_default_dtype(dtype)
    paddle.jit.enable_to_static(False)  # what a graph computes is not seen
    WATCHED.divert()
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


def fill(net: nn.Layer, draw: np.random.Generator, x: NDArray, heads: bool) -> None:  # noqa: ARG001
    """Puts numbers drawn at random in place of all weights and statistics."""
    net.to(dtype=paddle.get_default_dtype())
    fixed = {id(layer.weight) for layer in (net, *parts(net)) if is_unscaled(layer)}
    for name, tensor in net.state_dict().items():
        if id(tensor) in fixed:
            continue
        shape, is_variance = tuple(tensor.shape), name.endswith(("variance", "var"))
        fan_in = {2: shape[0], 4: int(np.prod(shape[1:]))}.get(len(shape), 0)
        tensor.set_value(
            numbers(shape, draw, fan_in, is_variance).astype(str(tensor.numpy().dtype))
        )


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
