"""`paddle.fluid` of Paddle 1, for `googlenet check`: functions that build a graph, and names."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from operator import add, mul
from types import SimpleNamespace
from typing import Any

import paddle
from paddle import Tensor, nn
from paddle.base import framework
from paddle.nn import functional as F

from paddle_impl.fluid_layers import DOWN, Conv2D, Dropout, FullyConnected, Linear, Pool2D


class Variable:
    """An output in a graph: an example of its value, and the layer and inputs that compute it."""

    def __init__(
        self, value: Tensor, layer: Callable | None = None, inputs: Sequence["Variable"] = ()
    ) -> None:
        self.value, self.layer, self.inputs = value, layer, inputs
        self.shape = [-1, *value.shape[1:]]

    def __add__(self, other: Any) -> "Variable":
        return elementwise_add(self, other)

    def __mul__(self, other: Any) -> "Variable":
        return apply(mul, self, other)  # type: ignore[no-any-return]

    __radd__, __rmul__ = __add__, __mul__


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


def apply(function: Callable, *inputs: Any) -> Any:
    """The output of a function or layer: a new variable for variables, its value for tensors."""
    variables = [each for each in inputs if isinstance(each, Variable)]
    if not variables:
        return function(*inputs)

    def compute(*values: Tensor) -> Tensor:
        rest = iter(values)
        return function(*(next(rest) if isinstance(each, Variable) else each for each in inputs))

    layer = function if len(variables) == len(inputs) else compute
    return Variable(layer(*(each.value for each in variables)), layer, variables)


def of_tensors(function: Callable) -> staticmethod:
    """A function of today that also takes variables first; names and cuDNN are left out."""

    def called(x: Any, *given: Any, **named: Any) -> Any:
        own = {key: each for key, each in named.items() if key not in ("name", "use_cudnn")}
        return apply(lambda each: function(each, *given, **own), x)

    return staticmethod(called)


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
    return apply(FullyConnected(inside, size, param_attr, bias_attr, act), input)


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
    total = apply(add, x, y)
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
    layer = Dropout(dropout_prob, seed, dropout_implementation, is_test)
    layer.training = framework._dygraph_tracer()._train_mode  # of a network that calls this
    return apply(layer, x)


def data(name: str, shape: Sequence[int], *_: Any, **__: Any) -> Variable:  # noqa: ARG001
    """`fluid.layers.data`: the input, whose batch size may be given or not."""
    return Variable(paddle.zeros([1, *shape[-3:]]))


class LayerHelper:
    """`fluid.layer_helper.LayerHelper`, for the activation that it appends."""

    def __init__(self, *_: Any, act: str | None = None, **__: Any) -> None:
        self.act = act

    def append_activation(self, x: Any) -> Any:
        """The output after the activation, if there is one."""
        return apply(getattr(F, self.act), x) if self.act else x


class Fluid:
    """The names of `paddle.fluid` and its modules that networks use."""

    is_used = False  # whether the user's file imports them
    Layer, Sequential, LayerList, Dropout = nn.Layer, nn.Sequential, nn.LayerList, Dropout
    Conv2D, Pool2D, Linear, BatchNorm = Conv2D, Pool2D, Linear, nn.BatchNorm
    LayerHelper = LayerHelper
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
    relu, sigmoid, softmax = map(of_tensors, (F.relu, F.sigmoid, F.softmax))
    scale, transpose, reshape = map(of_tensors, (paddle.scale, paddle.transpose, paddle.reshape))
    squeeze = of_tensors(lambda x, axes=None: paddle.squeeze(x, axes))
    flatten = of_tensors(lambda x, axis=1: paddle.flatten(x, axis))
    leaky_relu = of_tensors(lambda x, alpha=0.02: F.leaky_relu(x, alpha))
    elementwise_mul = staticmethod(lambda x, y, **_: apply(mul, x, y))
