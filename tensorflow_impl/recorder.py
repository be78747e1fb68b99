"""What anybody's Keras network does as it runs: layers with weights, dropout."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from common.check.functions import Function, Functions, Place
from common.check.trace import Call, Drop

# The layers with weights, and what those are called.
LAYERS = {
    layers.DepthwiseConv2D: ("conv", {"weight": "kernel", "bias": "bias"}),
    layers.Conv2D: ("conv", {"weight": "kernel", "bias": "bias"}),
    layers.Dense: ("linear", {"weight": "kernel", "bias": "bias"}),
    layers.BatchNormalization: (
        "norm",
        {
            "weight": "gamma",
            "bias": "beta",
            "running_mean": "moving_mean",
            "running_var": "moving_variance",
        },
    ),
}
KINDS = (*LAYERS, layers.SeparableConv2D)
# The functions that compute with weights, and what they are given, in this order.
FUNCTIONS: dict[Place, tuple[str, str]] = {
    **dict.fromkeys(((keras.ops, "conv"), (tf.nn, "conv2d")), ("conv", "x weight")),
    **dict.fromkeys(
        ((keras.ops, "matmul"), (tf, "matmul"), (tf.linalg, "matmul"), (tf.Tensor, "__matmul__")),
        ("linear", "x weight"),
    ),
    (keras.ops, "batch_normalization"): ("norm", "x running_mean running_var axis bias weight"),
    (tf.nn, "batch_normalization"): ("norm", "x running_mean running_var bias weight"),
}
SUMS: tuple[Place, ...] = (
    (keras.ops, "add"),
    (tf, "add"),
    (tf.nn, "bias_add"),
    (tf.Tensor, "__add__"),
)
CALL = (layers.Layer, "__call__")
DROPOUT: tuple[Place, ...] = ((layers.Dropout, "call"), (layers.SpatialDropout2D, "call"))
DROPOUT_FUNCTIONS: tuple[Place, ...] = ((keras.random, "dropout"), (tf.nn, "dropout"))
WATCHED = Functions([*FUNCTIONS, *SUMS, CALL, *DROPOUT, *DROPOUT_FUNCTIONS])


@contextmanager
def without_dropout(wanted: bool) -> Iterator[list[Drop]]:
    """Has dropout, as a layer or as a function, pass on what it is given, where that is wanted.

    The list is filled with those that would have been at work.
    """
    drops: list[Drop] = []

    def passed(x: Any, rate: float, **_: Any) -> Any:
        if rate:
            drops.append(Drop(float(rate), to_numpy(x)))
        return x

    def called(self: layers.Dropout, inputs: Any, training: bool = False) -> Any:
        return passed(inputs, self.rate if training else 0)

    new = dict.fromkeys(DROPOUT, called) | dict.fromkeys(DROPOUT_FUNCTIONS, passed)
    with WATCHED.replaced(new if wanted else {}):
        yield drops


@contextmanager
def record(net: layers.Layer, lines: Callable[[Any], tuple]) -> Iterator[list[Call]]:
    """A list in which what computes with weights leaves what went in and came out while it is open.

    Layers do it, and functions that are given a network's own weights.
    """
    recorder = Recorder(net, lines)
    new = {place: recorder.watched(place) for place in FUNCTIONS}
    new |= {place: recorder.added(place) for place in SUMS}
    with WATCHED.replaced({CALL: recorder.computed, **new}):
        yield recorder.calls


class Recorder:
    """Keeps what goes into and comes out of all that computes with weights.

    An activation that a layer has within itself counts as a step behind it.
    """

    def __init__(self, net: layers.Layer, lines: Callable[[Any], tuple]) -> None:
        self.calls: list[Call] = []
        self.lines = lines
        self.before = split_activations(net)
        self.inside = 0  # how many layers or functions that are noted are computing
        self.owners = {id(each): own.path for own in net.weights for each in (own, own.value)}
        self.made: dict[int, tuple[Any, int]] = {}  # what functions gave, and their calls' numbers

    def computed(self, layer: layers.Layer, *args: Any, **kwargs: Any) -> Any:
        """What a layer gives; those with weights are noted."""
        x = args[0] if args else next(iter(kwargs.values()))
        if not isinstance(layer, KINDS) or isinstance(x, keras.KerasTensor):
            return WATCHED.own[CALL](layer, *args, **kwargs)
        y = self.within(CALL, layer, *args, **kwargs)
        ends, lines = (to_numpy(x), to_numpy(self.before.get(id(layer), y))), self.lines(layer)
        if isinstance(layer, layers.SeparableConv2D):
            self.calls.extend(separated(layer, x, *ends, lines))
        else:
            self.calls.append(Call(layer.name, *weights_of(layer), *ends, lines))
        return y

    def within(self, place: Place, *given: Any, **named: Any) -> Any:
        """What a function gives, of which nothing more is noted while it computes."""
        self.inside += 1
        y = WATCHED.own[place](*given, **named)
        self.inside -= 1
        return y

    def watched(self, place: Place) -> Function:
        """A function that is noted where a user calls it with weights of the network."""
        kind, names = FUNCTIONS[place]

        def called(*given: Any, **named: Any) -> Any:
            arguments = dict(zip(names.split(), in_order(place, given, named), strict=False))
            own = {name: each for name, each in arguments.items() if id(each) in self.owners}
            if self.inside or not own:
                return WATCHED.own[place](*given, **named)
            y = self.within(place, *given, **named)
            arrays = {name: in_our_order(np.array(each)) for name, each in own.items()}
            path = self.owners[id(next(iter(own.values())))]
            self.made[id(y)] = y, len(self.calls)
            self.calls.append(Call(path, kind, arrays, to_numpy(arguments["x"]), to_numpy(y)))
            return y

        return called

    def added(self, place: Place) -> Function:
        """A sum, which may be a function's output and its bias."""

        def called(*given: Any, **named: Any) -> Any:
            y = WATCHED.own[place](*given, **named)
            x, bias, *_ = in_order(place, given, named)
            if not self.inside and id(x) in self.made and id(bias) in self.owners:
                number = self.made[id(x)][1]
                weights = {**self.calls[number].weights, "bias": np.array(bias)}
                self.calls[number] = replace(
                    self.calls[number], weights=weights, output=to_numpy(y)
                )
            return y

        return called


@cache
def signature_at(place: Place) -> inspect.Signature:
    """What a function takes."""
    return inspect.signature(WATCHED.own[place])


def in_order(place: Place, given: tuple, named: dict[str, Any]) -> tuple:
    """What a function is given, in its own order."""
    bound = signature_at(place).bind(*given, **named)
    bound.apply_defaults()
    return bound.args


def split_activations(net: layers.Layer) -> dict[int, Any]:
    """A dict in which layers leave what they are before their own activation, by their id."""
    before: dict[int, Any] = {}

    def keep(layer: layers.Layer, activation: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def kept(x: Any) -> Any:
            before[id(layer)] = x
            return activation(x)

        return kept

    for layer in net._flatten_layers():
        if isinstance(layer, KINDS) and getattr(layer, "activation", None):
            layer.activation = keep(layer, layer.activation)
    return before


def weights_of(layer: layers.Layer) -> tuple[str, dict[str, NDArray]]:
    """A layer's kind, and its weights as a weights file has them."""
    kind, names = next(found for each, found in LAYERS.items() if isinstance(layer, each))
    own = {ours: getattr(layer, theirs, None) for ours, theirs in names.items()}
    arrays = {ours: np.array(each) for ours, each in own.items() if each is not None}
    if isinstance(layer, layers.DepthwiseConv2D):
        arrays["weight"] = one_a_channel(arrays["weight"])
    elif "weight" in arrays:
        arrays["weight"] = in_our_order(arrays["weight"])
    return kind, arrays


def in_our_order(weight: NDArray) -> NDArray:
    """A weight as a weights file has it: what goes out comes first, then what comes in."""
    return weight.transpose(3, 2, 0, 1) if weight.ndim == 4 else weight.T


def one_a_channel(kernel: NDArray) -> NDArray:
    """A depthwise kernel, rows x columns x channels x multiplier, as a weights file has it."""
    rows, columns = kernel.shape[:2]
    return kernel.transpose(2, 3, 0, 1).reshape(-1, 1, rows, columns)


def separated(
    layer: layers.SeparableConv2D, x: Any, before: NDArray, after: NDArray, lines: tuple
) -> Iterator[Call]:
    """The two convolutions that a separable one is."""
    between = to_numpy(
        keras.ops.depthwise_conv(
            x,
            layer.depthwise_kernel,
            layer.strides,
            layer.padding,
            dilation_rate=layer.dilation_rate,
        )
    )
    depthwise = {"weight": one_a_channel(np.array(layer.depthwise_kernel))}
    pointwise = {"weight": in_our_order(np.array(layer.pointwise_kernel))}
    if layer.use_bias:
        pointwise["bias"] = np.array(layer.bias)
    yield Call(f"{layer.name}, depthwise", "conv", depthwise, before, between, lines)
    yield Call(f"{layer.name}, pointwise", "conv", pointwise, between, after, lines)


def to_numpy(tensor: Any) -> NDArray:
    """A tensor in NumPy, a map with its channels first."""
    array = np.array(tensor)
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array
