"""`paddle.fluid` of Paddle 1, for `googlenet check`: functions that build a graph, and names."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace
from typing import Any

import paddle
from paddle import Tensor, nn
from paddle.nn import functional as F

from paddle_impl.fluid_layers import DOWN, Conv2D, Dropout, Linear, Pool2D


class Variable:
    """An output in a graph: an example of its value, and the layer and inputs that compute it."""

    def __init__(
        self, value: Tensor, layer: Callable | None = None, inputs: Sequence["Variable"] = ()
    ) -> None:
        self.value, self.layer, self.inputs = value, layer, inputs
        self.shape = [-1, *value.shape[1:]]

    def __add__(self, other: "Variable") -> "Variable":
        return elementwise_add(self, other)


class Graph(nn.Layer):
    """The network that computes outputs of a graph."""

    def __init__(self, outputs: Sequence[Variable]) -> None:
        super().__init__()
        self.outputs = outputs
        layers = [each.layer for each in ordered(outputs) if isinstance(each.layer, nn.Layer)]
        for number, layer in enumerate(layers):
            self.add_sublayer(f"{type(layer).__name__.lower()}_{number}", layer)

    def forward(self, x: Tensor) -> Any:
        """The first output, or all of several."""
        known: dict[Variable, Tensor] = {}
        for each in ordered(self.outputs):
            known[each] = each.layer(*(known[one] for one in each.inputs)) if each.layer else x
        found = [known[each] for each in self.outputs]
        return found if len(found) > 1 else found[0]


def ordered(outputs: Sequence[Variable]) -> Iterator[Variable]:
    """Yields the variables that lead to these, each after its inputs."""
    seen: set[Variable] = set()
    waiting = [(each, False) for each in reversed(outputs)]
    while waiting:
        each, is_ready = waiting.pop()
        if is_ready:
            yield each
        elif each not in seen:
            seen.add(each)
            waiting += [(each, True), *((one, False) for one in reversed(each.inputs))]


def apply(layer: Callable, *inputs: Any) -> Any:
    """The output of a layer: a new variable for variables, and its value for tensors."""
    if not isinstance(inputs[0], Variable):
        return layer(*inputs)
    return Variable(layer(*(each.value for each in inputs)), layer, inputs)


def conv2d(input: Any, num_filters: int, filter_size: Any, *given: Any, **named: Any) -> Any:
    """`fluid.layers.conv2d`."""
    named = {key: each for key, each in named.items() if key not in ("name", "data_format")}
    return apply(Conv2D(input.shape[1], num_filters, filter_size, *given, **named), input)


def pool2d(input: Any, *given: Any, **named: Any) -> Any:
    """`fluid.layers.pool2d`."""
    return apply(Pool2D(*given, **named), input)


def batch_norm(
    input: Any,
    act: str | None = None,
    is_test: bool = False,  # noqa: ARG001
    momentum: float = 0.9,
    epsilon: float = 1e-5,
    **_: Any,
) -> Any:
    """`fluid.layers.batch_norm`."""
    norm = nn.BatchNorm(input.shape[1], act=act, momentum=momentum, epsilon=epsilon)
    return apply(norm, input)


def fc(
    input: Any,
    size: int,
    num_flatten_dims: int = 1,  # noqa: ARG001
    param_attr: Any = None,
    bias_attr: Any = None,
    act: str | None = None,
    name: str | None = None,  # noqa: ARG001
) -> Any:
    """`fluid.layers.fc`."""
    inside = 1
    for length in input.shape[1:]:
        inside *= length
    return apply(Linear(inside, size, param_attr, bias_attr, act), input)


def lrn(
    input: Any,
    n: int = 5,
    k: float = 1.0,
    alpha: float = 1e-4,
    beta: float = 0.75,
    name: str | None = None,  # noqa: ARG001
) -> Any:
    """`fluid.layers.lrn`, whose alpha is for the sum and not for the mean."""
    return apply(partial(F.local_response_norm, size=n, alpha=alpha * n, beta=beta, k=k), input)


def concat(input: Any, axis: int = 0, name: str | None = None) -> Any:  # noqa: ARG001
    """`fluid.layers.concat`."""
    return apply(lambda *maps: paddle.concat(list(maps), axis), *input)


def elementwise_add(
    x: Any,
    y: Any,
    axis: int = -1,  # noqa: ARG001
    act: str | None = None,
    name: str | None = None,  # noqa: ARG001
) -> Any:
    """`fluid.layers.elementwise_add`."""
    total = apply(paddle.add, x, y)
    return apply(getattr(F, act), total) if act else total


def dropout(
    x: Any,
    dropout_prob: float,
    is_test: bool = False,
    seed: int | None = None,
    name: str | None = None,  # noqa: ARG001
    dropout_implementation: str = DOWN,
) -> Any:
    """`fluid.layers.dropout`."""
    layer = Dropout(dropout_prob, seed, dropout_implementation)
    if is_test:
        layer.eval()
    return apply(layer, x)


def data(name: str, shape: Sequence[int], *_: Any, **__: Any) -> Variable:  # noqa: ARG001
    """`fluid.layers.data`: the input, whose batch size may be given or not."""
    return Variable(paddle.zeros([1, *shape[-3:]]))


class Fluid:
    """The names of `paddle.fluid` and its modules that networks use."""

    is_used = False  # whether the user's file imports them
    Layer, Sequential, LayerList, Dropout = nn.Layer, nn.Sequential, nn.LayerList, Dropout
    Conv2D, Pool2D, Linear, BatchNorm = Conv2D, Pool2D, Linear, nn.BatchNorm
    ParamAttr, to_variable, guard = paddle.ParamAttr, paddle.to_tensor, nullcontext
    conv2d, pool2d, batch_norm, fc, lrn = map(staticmethod, (conv2d, pool2d, batch_norm, fc, lrn))
    concat, elementwise_add, dropout, data = map(
        staticmethod, (concat, elementwise_add, dropout, data)
    )
    initializer = SimpleNamespace(
        Uniform=nn.initializer.Uniform,
        Normal=nn.initializer.Normal,
        Constant=nn.initializer.Constant,
        TruncatedNormal=nn.initializer.TruncatedNormal,
        Xavier=nn.initializer.XavierNormal,
        MSRA=nn.initializer.KaimingNormal,
    )
    regularizer = paddle.regularizer

    @staticmethod
    def relu(x: Any, name: str | None = None) -> Any:  # noqa: ARG004
        """`fluid.layers.relu`."""
        return apply(F.relu, x)

    @staticmethod
    def softmax(input: Any, *_: Any, **__: Any) -> Any:
        """`fluid.layers.softmax`."""
        return apply(F.softmax, input)

    @staticmethod
    def reshape(x: Any, shape: Sequence[int], *_: Any, **__: Any) -> Any:
        """`fluid.layers.reshape`."""
        return apply(partial(paddle.reshape, shape=shape), x)

    @staticmethod
    def flatten(x: Any, axis: int = 1, name: str | None = None) -> Any:  # noqa: ARG004
        """`fluid.layers.flatten`."""
        return apply(partial(paddle.flatten, start_axis=axis), x)
