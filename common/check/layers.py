"""What a layer with weights may be, whose numbers are not those of the table."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from common import spec
from common.check import others
from common.check.graph import Other, where_it_fits, with_weights
from common.check.trace import BORDERS, Array, Call, trimmed
from common.reference import relative
from common.spec import Rule, Word

EPS = (1e-3, 1e-5, 1e-4, 1e-6, 2e-5, 1e-2, 1e-7, 1e-8, 1e-12)
PADDINGS: tuple[spec.Padding, ...] = (0, 1, 2, 3, Rule.CEIL, Rule.SAME)


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


def layers(word: Any, call: Call) -> Iterator[Word | Other]:
    """The words that a layer may be, the table's numbers first."""
    match word:
        case spec.Conv() | spec.DepthwiseConv():
            yield from convolutions(word, call)
        case spec.BatchNorm():
            yield from norms(word, call)
        case spec.Linear():
            yield spec.Linear(call.shape[0], "bias" in call.weights)


def convolutions(word: spec.Conv | spec.DepthwiseConv, call: Call) -> Iterator[Word | Other]:
    """Convolutions with other strides and borders, then grouped or dilated ones."""
    rows, columns = call.shape[2:] or (1, 1)
    kernel: spec.Size = rows if rows == columns else (rows, columns)
    around = half(rows, columns)
    strides = dict.fromkeys((word.stride, 1, 2, 3, 4))
    paddings = dict.fromkeys((word.padding, around, *PADDINGS))
    for stride, padding in product(strides, paddings):
        yield like(word, call, kernel, stride, padding)
    if call.kind == "linear":
        return
    groups = call.input.shape[1] // call.shape[1]
    for stride in (word.stride, 1, 2):
        if groups > 1 and isinstance(word, spec.Conv):
            yield others.convolution(call, f"{groups}", "groups", stride, around, groups=groups)
        for far in (2, 3, 4) if call.shape[2:] != (1, 1) else ():
            wide = half(far * (rows - 1) + 1, far * (columns - 1) + 1)
            for padding in (wide, around, 0):
                yield others.convolution(call, f"{far}", "dilation", stride, padding, dilation=far)
        for border in BORDERS:
            yield others.convolution(call, BORDERS[border], "border", stride, around, border=border)


def half(rows: int, columns: int) -> spec.Size:
    """The border that keeps a map's size."""
    return rows // 2 if rows == columns else (rows // 2, columns // 2)


def like(
    word: spec.Conv | spec.DepthwiseConv,
    call: Call,
    kernel: spec.Size,
    stride: spec.Size,
    padding: spec.Padding,
) -> Word:
    """A convolution of the same kind with the call's channels."""
    if isinstance(word, spec.DepthwiseConv):
        multiplier = call.shape[0] // call.input.shape[1]
        return spec.DepthwiseConv(kernel, stride, padding, multiplier)
    return spec.Conv(call.shape[0], kernel, stride, padding, "bias" in call.weights)


def norms(word: spec.BatchNorm, call: Call) -> Iterator[Word | Other]:
    """Batch norms with another eps, or with the batch's own statistics."""
    scale = "weight" in call.weights
    every = dict.fromkeys((word.eps, *EPS))
    if "bias" in call.weights:
        yield from (replace(word, eps=eps, scale=scale) for eps in every)
    elif "running_mean" in call.weights:
        yield from (others.norm(call, word, eps, by_batch=False) for eps in every)
    for eps in every:
        yield others.norm(call, word, eps, by_batch=True)


def channels(word: Word | Other | None) -> int | None:
    """How many channels a word says that it makes; None where it says nothing."""
    match word:
        case spec.Conv(channels=count) | spec.Linear(features=count):
            return count
    return None


def has_constants(word: Word | Other | None) -> bool:
    """Whether a word computes with numbers of its own, which a framework may keep in float32."""
    return isinstance(word, CONSTANTS)


def output_of(name: str, word: Word | Other | None, call: Call) -> Array | None:
    """What a word makes of a layer's input and weights; None where it does not fit."""
    return where_it_fits(with_weights, name, word, call.input, call.weights)


def distance(found: Array, expected: Array | None) -> float:
    """How far two arrays part, relative to the largest value; NaN for unequal shapes."""
    return float("nan") if expected is None else relative(trimmed(found), trimmed(expected))
