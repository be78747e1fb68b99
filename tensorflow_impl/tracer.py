"""Traces a user's Keras network while it runs: layers with weights, and dropout."""

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

from common.tools.check.functions import Function, Functions, Place
from common.tools.check.own_norms import own_norm
from common.tools.check.trace import Calls, Drop, LayerCall
from common.tools.check.weightless import Weightless, fingerprint
from tensorflow_impl.weights import in_our_order, one_a_channel

MOVING = {"running_mean": "moving_mean", "running_var": "moving_variance"}
# The layers with weights: their kind, and the names of their weights.
LAYERS = {
    layers.DepthwiseConv2D: ("conv", {"weight": "kernel", "bias": "bias"}),
    layers.Conv2D: ("conv", {"weight": "kernel", "bias": "bias"}),
    layers.Dense: ("linear", {"weight": "kernel", "bias": "bias"}),
    layers.GroupNormalization: ("norm", {"weight": "gamma", "bias": "beta"}),
    layers.LayerNormalization: ("norm", {"weight": "gamma", "bias": "beta"}),
    layers.BatchNormalization: ("norm", {"weight": "gamma", "bias": "beta", **MOVING}),
}
KINDS = (*LAYERS, layers.SeparableConv2D)  # the last is recorded as two convolutions
# The functions that a user's own layer may call: the layer that each computes, and its arguments.
FUNCTIONS: dict[Place, tuple[str, str]] = {
    **dict.fromkeys(((keras.ops, "conv"), (tf.nn, "conv2d")), ("conv", "x weight")),
    **dict.fromkeys(
        ((keras.ops, "matmul"), (tf, "matmul"), (tf.linalg, "matmul"), (tf.Tensor, "__matmul__")),
        ("linear", "x weight"),
    ),
    (keras.ops, "batch_normalization"): ("norm", "x running_mean running_var axis bias weight"),
    (tf.nn, "batch_normalization"): ("norm", "x running_mean running_var bias weight"),
}
# The sums that may add a bias to the output of one of these functions.
SUMS: list[Place] = [(keras.ops, "add"), (tf, "add"), (tf.nn, "bias_add"), (tf.Tensor, "__add__")]
CALL = (layers.Layer, "__call__")
DROPOUT: tuple[Place, ...] = ((layers.Dropout, "call"), (layers.SpatialDropout2D, "call"))
DROPOUT_FUNCTIONS: tuple[Place, ...] = ((keras.random, "dropout"), (tf.nn, "dropout"))
WATCHED = Functions([*FUNCTIONS, *SUMS, CALL, *DROPOUT, *DROPOUT_FUNCTIONS])


@contextmanager
def without_dropout(wanted: bool) -> Iterator[list[Drop]]:
    """Disables dropout if `wanted`; yields a list of the dropouts that would have been active."""
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
def record(net: layers.Layer, lines: Callable[[Any], tuple]) -> Iterator[Calls]:
    """Yields a list that collects the inputs and outputs of everything that computes with weights.

    That is the layers in `LAYERS`, and calls of `FUNCTIONS` with the network's own weights. `lines`
    returns the lines of the user's file in which a layer was created.
    """
    tracer = Tracer(net, lines)
    new = {place: tracer.watched(place) for place in FUNCTIONS}
    new |= {place: tracer.added(place) for place in SUMS}
    with WATCHED.replaced({CALL: tracer.computed, **new}):
        yield tracer.calls


class Tracer:
    """Records the inputs and outputs of everything that computes with weights.

    A layer's built-in activation counts as a separate step after the layer.
    """

    def __init__(self, net: layers.Layer, lines: Callable[[Any], tuple]) -> None:
        self.calls, self.lines = Calls(), lines
        self.before = split_activations(net)
        self.inside = 0  # how many recorded layers or functions are running
        self.owners = {id(each): own.path for own in net.weights for each in (own, own.value)}
        # The outputs of functions, and the numbers of their calls.
        self.outputs: dict[int, tuple[Any, int]] = {}

    def computed(self, layer: layers.Layer, *args: Any, **kwargs: Any) -> Any:
        """The output of a layer; records the call if the layer has weights."""
        x = args[0] if args else next(iter(kwargs.values()))
        if isinstance(x, keras.KerasTensor):
            return WATCHED.own[CALL](layer, *args, **kwargs)
        if not isinstance(layer, KINDS):
            return self.computed_by_user(layer, x, *args, **kwargs)
        y = self.within(CALL, layer, *args, **kwargs)
        before, after = to_numpy(x), to_numpy(self.before.get(id(layer), y))
        if isinstance(layer, layers.SeparableConv2D):
            between = to_numpy(keras.ops.depthwise_conv(x, *depthwise_arguments(layer)))
            depthwise, pointwise = separated_weights(layer)
            self.note(layer, "conv", depthwise, before, between, ", depthwise")
            self.note(layer, "conv", pointwise, between, after, ", pointwise")
        else:
            self.note(layer, *weights_of(layer), before, after)
        return y

    def note(
        self,
        layer: layers.Layer,
        kind: str,
        weights: dict[str, NDArray],
        x: NDArray,
        y: NDArray,
        part: str = "",
    ) -> None:
        """Records one call of a layer, or of one part of it."""
        name, lines = f"{layer.name}{part}", self.lines(layer)
        call = LayerCall(name=name, kind=kind, weights=weights, input=x, output=y, lines=lines)
        self.calls.append(call)

    def computed_by_user(self, layer: layers.Layer, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The output of a layer; records it if it is a batch norm of the user's own."""
        count, is_own = len(self.calls), not type(layer).__module__.startswith("keras.")
        y = WATCHED.own[CALL](layer, *args, **kwargs)
        if not layer.weights and tf.is_tensor(x) and tf.is_tensor(y):
            kind, ends = type(layer).__name__, (fingerprint(x), fingerprint(y))
            self.calls.steps.append(
                Weightless(kind=kind, lines=self.lines(layer), before=ends[0], after=ends[1])
            )
        own = [*layer._trainable_variables, *layer._non_trainable_variables] if is_own else []
        if own and count == len(self.calls) and tf.is_tensor(x) and tf.is_tensor(y):
            arrays, before, after = {e.name: np.array(e) for e in own}, to_numpy(x), to_numpy(y)
            if weights := own_norm(arrays, before, after):
                self.note(layer, "norm", weights, before, after)
        return y

    def within(self, place: Place, *given: Any, **named: Any) -> Any:
        """The output of an original function; nothing else is recorded while it runs."""
        self.inside += 1
        y = WATCHED.own[place](*given, **named)
        self.inside -= 1
        return y

    def watched(self, place: Place) -> Function:
        """Wraps a function so that a user's calls with weights of the network are recorded."""
        kind, names = FUNCTIONS[place]

        def called(*given: Any, **named: Any) -> Any:
            arguments = dict(zip(names.split(), in_order(place, given, named), strict=False))
            own = {name: each for name, each in arguments.items() if id(each) in self.owners}
            if self.inside or not own:
                return WATCHED.own[place](*given, **named)
            y = self.within(place, *given, **named)
            arrays = {name: in_our_order(np.array(each)) for name, each in own.items()}
            path = self.owners[id(next(iter(own.values())))]
            self.outputs[id(y)] = y, len(self.calls)
            x = to_numpy(arguments["x"])
            call = LayerCall(name=path, kind=kind, weights=arrays, input=x, output=to_numpy(y))
            self.calls.append(call)
            return y

        return called

    def added(self, place: Place) -> Function:
        """Wraps a sum, which may add a bias to the output of a recorded function."""

        def called(*given: Any, **named: Any) -> Any:
            y = WATCHED.own[place](*given, **named)
            x, bias, *_ = in_order(place, given, named)
            if not self.inside and id(x) in self.outputs and id(bias) in self.owners:
                number = self.outputs[id(x)][1]
                weights = {**self.calls[number].weights, "bias": np.array(bias)}
                before = self.calls[number]
                self.calls[number] = replace(before, weights=weights, output=to_numpy(y))
            return y

        return called


@cache
def signature_at(place: Place) -> inspect.Signature:
    """The signature of a function."""
    return inspect.signature(WATCHED.own[place])


def in_order(place: Place, given: tuple, named: dict[str, Any]) -> tuple:
    """The arguments of a call, in the order of the function's signature."""
    bound = signature_at(place).bind(*given, **named)
    bound.apply_defaults()
    return bound.args


def split_activations(net: layers.Layer) -> dict[int, Any]:
    """Wraps the built-in activations; returns a dict that collects their inputs, by layer id."""
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
    """A layer's kind, and its weights in the layout of a weights file."""
    kind, names = next(found for each, found in LAYERS.items() if isinstance(layer, each))
    own = {ours: getattr(layer, theirs, None) for ours, theirs in names.items()}
    arrays = {ours: np.array(each) for ours, each in own.items() if each is not None}
    if isinstance(layer, layers.DepthwiseConv2D):
        arrays["weight"] = one_a_channel(arrays["weight"])
    elif isinstance(layer, layers.LayerNormalization):
        arrays = {name: np.moveaxis(each, -1, 0) for name, each in arrays.items()}
    elif "weight" in arrays:
        arrays["weight"] = in_our_order(arrays["weight"])
    return kind, arrays


def depthwise_arguments(layer: layers.SeparableConv2D) -> tuple:
    """The arguments of the first half of a separable convolution."""
    return layer.depthwise_kernel, layer.strides, layer.padding, None, layer.dilation_rate


def separated_weights(layer: layers.SeparableConv2D) -> tuple[dict[str, NDArray], ...]:
    """The weights of the two convolutions that make up a separable convolution."""
    depthwise = {"weight": one_a_channel(np.array(layer.depthwise_kernel))}
    pointwise = {"weight": in_our_order(np.array(layer.pointwise_kernel))}
    if layer.use_bias:
        pointwise["bias"] = np.array(layer.bias)
    return depthwise, pointwise


def to_numpy(tensor: Any) -> NDArray:
    """A tensor as a NumPy array; feature maps have their channels first."""
    array = np.array(tensor)
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array
