"""Operations that third-party networks use and for which there is no layer type."""

from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import numpy as np

from common import spec
from common.reference import layers as reference
from common.reference.layers import by_channel, convolve, sum_around
from common.reference.numerics import log_softmax, softmax
from common.spec import Size, pair
from common.spec.planner import make_node
from common.tools.check.graph import Graph, Other
from common.tools.check.trace import Array, LayerCall


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -500, 500))))


def leaky(slope: float) -> Callable[[Array], Array]:
    """A leaky ReLU, which multiplies values below 0 by `slope`."""
    return lambda x: np.where(x < 0, slope * x, x)


def elu(x: Array) -> Array:
    """exp(x) - 1 below 0, x elsewhere."""
    return np.where(x < 0, np.expm1(np.minimum(x, 0)), x)


def gelu(x: Array) -> Array:
    """x times the probability that a standard normal variable is smaller than x."""
    from scipy.special import erf  # type: ignore[import-untyped]  # slow to import

    return np.asarray(x / 2 * (1 + erf(x / sqrt(2))))


def by_channel_of(what: str, compute: Callable[[Array], Array]) -> Other:
    """An operation on each channel of an image."""
    return Other(what=what, compute=compute, each="channel")


def by_image(what: str, compute: Callable[[Array], Array]) -> Other:
    """An operation on each image of a batch."""
    return Other(what=what, compute=compute, each="image")


def leaky_relu(slope: float) -> Other:
    """A leaky ReLU."""
    return by_channel_of(f"{LEAKY} of {slope:g}", leaky(slope))


LEAKY = "leaky ReLU"
ACTIVATIONS = (
    by_channel_of("ReLU6", lambda x: np.clip(x, 0, 6)),
    by_channel_of("sigmoid", sigmoid),
    by_channel_of("tanh", np.tanh),
    *map(leaky_relu, (0.01, 0.1, 0.2, 0.25, 0.3)),
    by_channel_of("ELU", elu),
    by_channel_of(
        "SELU", lambda x: 1.0507009873554805 * np.where(x < 0, 1.6732632423543772 * elu(x), x)
    ),
    by_channel_of("SiLU", lambda x: x * sigmoid(x)),
    by_channel_of("GELU", gelu),
    by_channel_of("hard swish", lambda x: x * np.clip(x + 3, 0, 6) / 6),
    by_channel_of("Mish", lambda x: x * np.tanh(np.logaddexp(x, 0))),
    by_channel_of("softplus", lambda x: np.logaddexp(x, 0)),
    by_channel_of("absolute value", np.abs),
)


def is_activation(layer: spec.Layer | Other | None) -> bool:
    """Whether a layer is one of these activations, or a leaky ReLU with a different slope."""
    return layer in ACTIVATIONS or (isinstance(layer, Other) and layer.what.startswith(LEAKY))


def own_activations(graph: Graph) -> list[Other]:
    """The activations that a graph has instead of ReLUs."""
    layers = (op.layer for op in graph.values())
    return [each for each in layers if isinstance(each, Other) and is_activation(each)]


ENDINGS = (
    by_image("softmax", softmax),
    Other(what="softmax over the batch", compute=lambda x: softmax(x, 0)),
    by_image("log softmax", log_softmax),
    by_image("log softmax", lambda x: log_softmax(np.maximum(x - x.max(1, keepdims=True), -64))),
    by_image("sigmoid", sigmoid),
)
ORDERS = (
    by_image("channels reversed (BGR for RGB)", lambda x: x[:, ::-1]),
    by_image("rows and columns swapped", lambda x: x.swapaxes(2, 3)),
    by_image("turned upside down", lambda x: x[:, :, ::-1]),
    by_image("mirrored", lambda x: x[..., ::-1]),
)
FLATTENINGS = (
    by_image(
        "flatten in row, column, channel order",
        lambda x: x.transpose(0, 2, 3, 1).reshape(len(x), -1),
    ),
    by_image(
        "flatten in channel, column, row order",
        lambda x: x.transpose(0, 1, 3, 2).reshape(len(x), -1),
    ),
)
GLOBAL_MAX = by_channel_of("global max pool", lambda x: x.max(axis=(2, 3), keepdims=True))


def rounded_up(layer: spec.MaxPool) -> Other:
    """A max pool with a padding of 1 whose number of windows is rounded up: PyTorch's ceil_mode."""
    pool = replace(layer, padding=spec.PaddingRule.CEIL)

    def compute(x: Array) -> Array:
        x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
        return reference.compute(make_node(pool, "pool", x.shape[1:]), x, {})

    return Other(what="1, rounded up", compute=compute, field="padding", each="channel")


def lrn_with(size: int, alpha: float, beta: float, bias: float) -> Other:
    """Local response normalisation with a bias other than 1."""
    what = f"LRN: size {size}, alpha {alpha:g}, beta {beta:g}, bias {bias:g}"
    return by_image(what, lambda x: x / (bias + alpha / size * sum_around(x**2, size)) ** beta)


def norm(call: LayerCall, layer: spec.BatchNorm, eps: float, by_batch: bool) -> Other:
    """Batch norm with a layer's own weights; with `by_batch`, with the batch's statistics."""
    own = call.weights
    missing = [name for name, weight in NORM.items() if weight not in own]
    scale, shift = own.get("weight", np.ones(1)), own.get("bias", np.zeros(1))

    def compute(x: Array) -> Array:
        axes = (0, *range(2, x.ndim))
        mean = x.mean(axis=axes) if by_batch else own["running_mean"]
        variance = x.var(axis=axes) if by_batch else own["running_var"]
        factor = scale / np.sqrt(variance + float(np.float32(eps)))
        return x * by_channel(factor, x) + by_channel(shift - factor * mean, x)

    if by_batch:
        return Other(what=f"batch norm with batch statistics (eps {eps:g})", compute=compute)
    if missing and eps == layer.eps:
        return Other(what="False", compute=compute, field=" and ".join(missing))
    return Other(what=f"batch norm without {' and '.join(missing)} (eps {eps:g})", compute=compute)


NORM = {"scale": "weight", "shift": "bias"}


def convolution(
    call: LayerCall,
    what: str,
    field: str,
    stride: Size,
    padding: Size,
    groups: int = 1,
    dilation: int = 1,
    border: str = "constant",
) -> Other:
    """A convolution without a layer type: grouped, dilated, or padded with values other than 0."""
    weight, bias = call.weights["weight"], call.weights.get("bias", np.zeros(1))
    if dilation > 1:
        rows, columns = (dilation * (n - 1) + 1 for n in weight.shape[2:])
        wide = np.zeros((*weight.shape[:2], rows, columns))
        wide[:, :, ::dilation, ::dilation] = weight
        weight = wide

    def compute(x: Array) -> Array:
        sides = [(n, n) for n in pair(padding)]
        x = np.pad(x, [(0, 0), (0, 0), *sides], mode=border)  # type: ignore[call-overload]
        parts = zip(np.split(x, groups, axis=1), np.split(weight, groups), strict=True)
        y = np.concatenate([convolve(*each, pair(stride)) for each in parts], axis=1)
        return y + by_channel(bias, y)

    return Other(what=what, compute=compute, field=field)


def depthwise_with_bias(call: LayerCall, layer: spec.DepthwiseConv) -> Other:
    """A depthwise convolution with a bias, which the layer type does not have."""
    weight, bias = call.weights["weight"], call.weights["bias"]

    def compute(x: Array) -> Array:
        node = make_node(layer, "depthwise", x.shape[1:])
        y = reference.compute(node, x, {"weight": weight})
        return y + by_channel(bias, y)

    return Other(what="True", compute=compute, field="bias")


def scaled(found: Array, expected: Array) -> Other:
    """A scale and shift for each channel of `expected`, fitted to `found` by least squares."""
    axes = (0, 2, 3)
    middle, wanted = (each.mean(axis=axes, keepdims=True) for each in (expected, found))
    spread = ((expected - middle) ** 2).sum(axis=axes, keepdims=True)
    spread = np.maximum(spread, 1e-300)  # a channel may be constant
    scale = ((expected - middle) * (found - wanted)).sum(axis=axes, keepdims=True) / spread
    return by_image("each channel scaled and shifted", lambda x: scale * (x - middle) + wanted)


def times(factor: float, what: str) -> Other:
    """Multiplies all values by a number."""
    return by_channel_of(what, lambda x: factor * x)


def given(what: str, output: Array) -> Other:
    """A layer of the user's network that the plan does not have, with its known output."""
    return Other(what=what, compute=lambda x: output[: len(x)], each="given")
