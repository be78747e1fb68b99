"""Runs a user's Paddle network for `googlenet check`: fills it with random weights, traces it."""

import urllib.request
from collections.abc import Callable
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import nn
from paddle.base import unique_name

from common.spec import Shape
from common.tools.check.random_values import numbers
from common.tools.check.trace import Trace
from paddle_impl.fluid import Fluid, Graph, Variable
from paddle_impl.old_names import OLD_NAMES  # noqa: F401  # part of the interface
from paddle_impl.run import cross_entropy
from paddle_impl.tracer import (
    LAYERS,
    NORMS,
    WATCHED,
    is_unscaled,
    record,
    tensors,
    to_numpy,
    without_dropout,
)

VERSION = paddle.__version__
NETWORK = nn.Layer
# Functions that train or download; a statement of the user's file that calls one is left out.
TRAINING = (
    (paddle.Tensor, "backward"),
    (paddle.Model, "fit"),
    (paddle.utils.download, "get_weights_path_from_url"),
    (urllib.request, "urlopen"),
    (urllib.request, "urlretrieve"),
)


def prepare(dtype: str, note: Callable[[Any], None]) -> None:
    """Makes `dtype` the default for new networks, and calls `note` with each layer created.

    This changes Paddle for the rest of the process.
    """
    paddle.set_default_dtype(dtype)
    paddle.jit.enable_to_static(False)  # hooks do not see what a graph computes
    # Networks of a file are created in turn, and may have parts with the same parameter names.
    unique_name.dygraph_parameter_name_checker = lambda _: False
    WATCHED.divert()
    init = nn.Layer.__init__

    def noted(self: nn.Layer, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        note(self)

    nn.Layer.__init__ = noted


def symbolic_input(size: Shape) -> Any:
    """The input of a graph of Paddle 1; None for later versions, whose networks are layers."""
    return Variable(paddle.zeros([1, *size])) if Fluid.is_used else None


def as_network(made: Any) -> Any:
    """The network of which this is the result; a `paddle.Model` wraps one."""
    outputs = made if isinstance(made, list | tuple) else [made]
    if outputs and all(isinstance(each, Variable) for each in outputs):
        return Graph(outputs)
    return made.network if isinstance(made, paddle.Model) else made


def parts(net: nn.Layer) -> list[nn.Layer]:
    """All layers inside a network, at any depth."""
    return list(net.sublayers())


def own_input(net: nn.Layer) -> Shape | None:  # noqa: ARG001
    """The C x H x W that a network is built for, if it declares one; Paddle networks never do."""
    return None


def is_unshaped(net: nn.Layer) -> bool:  # noqa: ARG001
    """Never: Paddle's layers have their weights from the start."""
    return False


def is_too_large(net: nn.Layer) -> bool:  # noqa: ARG001
    """Never: a network in Paddle is not made for a size of images."""
    return False


def count_parameters(net: nn.Layer) -> int:
    """The number of parameters, frozen ones included, without running statistics."""
    norms = [layer for layer in (net, *parts(net)) if isinstance(layer, NORMS)]
    statistics = {id(each) for layer in norms for each in (layer._mean, layer._variance)}
    own = [each for each in net.parameters() if id(each) not in statistics]
    # A norm without a scale or a shift has one that stays as it is.
    return sum(int(each.size) for each in own if each.optimize_attr.get("learning_rate") != 0)


def fill(net: nn.Layer, draw: np.random.Generator, x: NDArray, heads: bool) -> None:  # noqa: ARG001
    """Replaces all weights and running statistics with random values.

    Paddle's layers have their weights from the start, so neither `x` nor `heads` is needed.
    """
    net.to(dtype=paddle.get_default_dtype())
    fixed = {id(layer.weight) for layer in (net, *parts(net)) if is_unscaled(layer)}
    for name, tensor in net.state_dict().items():
        if id(tensor) in fixed:
            continue
        shape = tuple(tensor.shape)
        fan_in = {2: shape[0], 4: int(np.prod(shape[1:]))}.get(len(shape), 1)
        tensor.set_value(numbers(name, shape, draw, fan_in).astype(str(tensor.numpy().dtype)))


def trace(net: nn.Layer, x: NDArray, heads: bool, lines: Callable[[Any], tuple]) -> Trace:
    """The trace of the network on a batch N x C x H x W, in evaluation mode.

    With `heads` only dropout and batch norm are in evaluation mode, and the rest in training mode.
    `lines` returns the lines of the user's file in which a layer was created.
    """
    net.train() if heads else net.eval()
    for layer in (net, *parts(net)):
        if isinstance(layer, tuple(LAYERS)):
            layer.eval()
    given = paddle.to_tensor(x.astype(paddle.get_default_dtype()))
    with paddle.no_grad(), without_dropout(heads):
        net(given[:1])  # an input of a wrong size fails here, before all feature maps are kept
    with paddle.no_grad(), without_dropout(heads) as drops, record(net, lines) as calls:
        found = net(given)
    outputs = [to_numpy(output) for output in tensors(found)]
    return Trace(
        image=x,
        calls=calls,
        outputs=outputs,
        parameters=count_parameters(net),
        drops=drops,
        steps=calls.steps,
        probabilities=Fluid.is_used,  # the cross entropy of Paddle 1 takes them
    )


def take_step(net: nn.Layer, x: NDArray, labels: NDArray) -> int:
    """Takes a gradient descent step of rate 1, without dropout; returns the number of outputs.

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
