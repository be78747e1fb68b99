"""Hypotheses about a layer with weights that does not compute what the plan's layer does."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from common import spec
from common.reference.numerics import relative_difference
from common.spec import Layer, PaddingRule
from common.tools.check import foreign_layers as others
from common.tools.check.facts import measured_eps
from common.tools.check.graph import Other, where_it_fits, with_weights
from common.tools.check.group_norm import group_norms, is_group_norm
from common.tools.check.trace import BORDERS, Array, LayerCall, agree, trimmed

# The values that are tried, the usual ones first.
EPS = (1e-3, 1e-5, 1e-4, 1e-6, 2e-5, 1e-2, 1e-7, 1e-8, 1e-12)
FEW, ROUGHLY = 4, 2  # output channels, and digits to which a part must agree
PADDINGS: tuple[spec.Padding, ...] = (0, 1, 2, 3, PaddingRule.CEIL, PaddingRule.SAME)


# The layers that compute with constants, which a framework may keep in float32.
CONSTANTS = (
    Other,
    spec.Affine,
    spec.AvgPool,
    spec.AdaptiveAvgPool,
    spec.GlobalAvgPool,
    spec.BatchNorm,
    spec.LRN,
    spec.L2Norm,
    spec.Residual,
)


def layer_candidates(layer: Any, call: LayerCall) -> Iterator[Layer | Other]:
    """Yields the layers that a layer may be, those with the plan's numbers first."""
    match layer:
        case spec.Conv() | spec.DepthwiseConv():
            yield from convolutions(layer, call)
        case spec.BatchNorm():
            yield from norms(layer, call)
        case spec.Linear():
            yield spec.Linear(call.shape[0], "bias" in call.weights)


def convolutions(layer: spec.Conv | spec.DepthwiseConv, call: LayerCall) -> Iterator[Layer | Other]:
    """Yields convolutions with other strides and paddings, then grouped or dilated ones."""
    rows, columns = call.shape[2:] or (1, 1)
    kernel: spec.Size = rows if rows == columns else (rows, columns)
    around = half(rows, columns)
    strides = dict.fromkeys((layer.stride, 1, 2, 3, 4))
    paddings = dict.fromkeys((layer.padding, around, *PADDINGS))
    part = part_of(call)
    for stride, padding in product(strides, paddings):
        if fits(like(layer, part, kernel, stride, padding), part):
            yield like(layer, call, kernel, stride, padding)
    if call.kind == "linear":
        return
    for options in unusual(layer, call, (rows, columns)):
        if fits(others.convolution(part, **options), part):
            yield others.convolution(call, **options)


def unusual(
    layer: spec.Conv | spec.DepthwiseConv, call: LayerCall, kernel: tuple[int, int]
) -> Iterator[dict[str, Any]]:
    """Yields the arguments of grouped and dilated convolutions, and of those with other borders."""
    rows, columns = kernel
    groups, around = call.input.shape[1] // call.shape[1], half(*kernel)
    for stride in (layer.stride, 1, 2):
        own = {"stride": stride, "padding": around}
        if groups > 1 and isinstance(layer, spec.Conv):
            yield {"what": f"{groups}", "field": "groups", "groups": groups, **own}
        for far in (2, 3, 4) if call.shape[2:] != (1, 1) else ():
            wide = half(far * (rows - 1) + 1, far * (columns - 1) + 1)
            for padding in (wide, around, 0):
                own = {"stride": stride, "padding": padding}
                yield {"what": f"{far}", "field": "dilation", "dilation": far, **own}
        own = {"stride": stride, "padding": around}
        for border in BORDERS:
            yield {"what": BORDERS[border], "field": "border", "border": border, **own}


def part_of(call: LayerCall) -> LayerCall:
    """Some output channels of a convolution for one image: enough to reject most candidates."""
    if call.kind != "conv" or call.input.ndim != 4 or call.input.shape[1] != call.shape[1]:
        return call
    weights = {name: each[:FEW] for name, each in call.weights.items()}
    return replace(call, weights=weights, input=call.input[:1], output=call.output[:1, :FEW])


def fits(layer: Layer | Other, part: LayerCall) -> bool:
    """Whether a layer computes what a part of a convolution did, roughly."""
    y = output_of("part", layer, part)
    return y is not None and agree(part.output, y, ROUGHLY)


def half(rows: int, columns: int) -> spec.Size:
    """The padding that keeps a map's size."""
    return rows // 2 if rows == columns else (rows // 2, columns // 2)


def like(
    layer: spec.Conv | spec.DepthwiseConv,
    call: LayerCall,
    kernel: spec.Size,
    stride: spec.Size,
    padding: spec.Padding,
) -> Layer | Other:
    """A convolution of the same type with the call's channels."""
    if isinstance(layer, spec.DepthwiseConv) and "bias" in call.weights:
        return others.depthwise_with_bias(call, layer)
    if isinstance(layer, spec.DepthwiseConv):
        multiplier = call.shape[0] // call.input.shape[1]
        return spec.DepthwiseConv(kernel, stride, padding, multiplier)
    return spec.Conv(call.shape[0], kernel, stride, padding, "bias" in call.weights)


def norms(layer: spec.BatchNorm, call: LayerCall) -> Iterator[Layer | Other]:
    """Yields batch norms with a different eps, or with batch statistics."""
    if is_group_norm(call):
        yield from group_norms(call)
    scale = "weight" in call.weights
    measured = measured_eps(call)
    every = dict.fromkeys((layer.eps, *([measured] if measured else []), *EPS))
    if "bias" in call.weights:
        yield from (replace(layer, eps=eps, scale=scale) for eps in every)
    elif "running_mean" in call.weights:
        yield from (others.norm(call, layer, eps, by_batch=False) for eps in every)
    for eps in every:
        yield others.norm(call, layer, eps, by_batch=True)


def has_sizes(layer: Layer | Other | None, call: LayerCall) -> bool:
    """Whether the channels and the kernel that a layer specifies are those of a call's weights."""
    kernel = call.shape[2:] or (1, 1)
    match layer:
        case spec.Conv():
            return layer.channels == call.shape[0] and spec.pair(layer.kernel) == kernel
        case spec.DepthwiseConv():
            return spec.pair(layer.kernel) == kernel
        case spec.Linear():
            return layer.features == call.shape[0]
    return True


def has_constants(layer: Layer | Other | None) -> bool:
    """Whether a layer computes with constants, which a framework may keep in float32."""
    return isinstance(layer, CONSTANTS)


def output_of(name: str, layer: Layer | Other | None, call: LayerCall) -> Array | None:
    """The output of a layer for a call's input and weights; None where it does not fit."""
    return where_it_fits(with_weights, name, layer, call.input, call.weights)


def distance(found: Array, expected: Array | None) -> float:
    """The difference between two arrays, relative to the largest value; NaN for unequal shapes."""
    return (
        float("nan") if expected is None else relative_difference(trimmed(found), trimmed(expected))
    )
