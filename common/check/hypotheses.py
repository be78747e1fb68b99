"""What may differ where the maps part, as edits of the graph, the plainest first."""

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from common import spec
from common.check import others
from common.check.graph import IMAGE, Graph, Op, Other, Values, edit, value
from common.check.trace import Array, Call, agree, trimmed
from common.spec import Rule, Word, pair

PADDINGS: tuple[spec.Padding, ...] = (0, 1, 2, 3, Rule.CEIL, Rule.SAME)
LRN = spec.LRN(5, 1e-4, 0.75)


def hypotheses(
    graph: Graph, names: list[str], found: Array, known: Values, forced: Values
) -> Iterator[Graph]:
    """The graph with one difference each, in one of the ops named or behind one of them.

    `found` is what the user's network has where these ops lead to; `forced` are outputs that
    are the user's own.
    """
    inside = [name for name in names if name not in forced]
    for name in inside:
        for word in instead(graph[name]):
            yield edit(graph, name, word=word)
    yield from all_at_once(graph, inside)
    for name in inside:
        if isinstance(graph[name].word, spec.Concat | spec.Residual):
            yield from joined_otherwise(graph, name)
    for name in names:
        for word in behind(graph, name):
            yield edit(graph, name, then=(*graph[name].then, word))
    yield from read_elsewhere(graph, names)
    for name in names:
        yield from rescaled(graph, name, found, known)


def instead(op: Op) -> Iterator[Word | Other | None]:
    """What may stand in a word's place."""
    match op.word:
        case spec.ReLU():
            yield from (None, *others.ACTIVATIONS)
        case spec.MaxPool() | spec.AvgPool():
            yield from pools(op.word)
        case spec.AdaptiveAvgPool(size):
            yield from (spec.AvgPool(5, 3), spec.AvgPool(size, size), spec.GlobalAvgPool(), None)
        case spec.GlobalAvgPool():
            yield from (others.GLOBAL_MAX, spec.AvgPool(7, 1), spec.MaxPool(7, 1), None)
        case spec.LRN(size, alpha, beta):
            yield None
            yield from lrns(size, alpha, beta)
        case spec.Affine():
            yield None
        case spec.Flatten():
            yield from others.FLATTENINGS
        case spec.Residual(scale=scale):
            for other in (1.0, 0.1, 0.17, 0.2, 0.3, 0.5):
                if other != scale:
                    yield replace(op.word, scale=other)


def pools(word: spec.MaxPool | spec.AvgPool) -> Iterator[Word | Other | None]:
    """Pools that differ from one in the fewest numbers first, and none at all."""
    kernels = dict.fromkeys((word.kernel, 3, 2, 5, 7, 8))
    strides = dict.fromkeys((word.stride, 1, 2, 3))
    paddings = dict.fromkeys((word.padding, *PADDINGS))
    kinds: list[tuple[type, dict[str, bool]]] = [
        (spec.MaxPool, {}),
        (spec.AvgPool, {"counts_border": False}),
        (spec.AvgPool, {"counts_border": True}),
    ]
    made: list[Word] = [
        kind(*numbers, **more)
        for numbers in product(kernels, strides, paddings)
        for kind, more in kinds
    ]
    yield from sorted((each for each in made if each != word), key=lambda each: unlike(each, word))
    yield None
    yield from (spec.GlobalAvgPool(), others.GLOBAL_MAX)


def unlike(one: Word, other: Word) -> int:
    """In how many ways two words differ; another kind counts twice."""
    theirs = {field.name for field in fields(other)}
    shared = [field.name for field in fields(one) if field.name in theirs]
    differing = sum(getattr(one, name) != getattr(other, name) for name in shared)
    return int(differing) + 2 * (type(one) is not type(other))


def lrns(size: int, alpha: float, beta: float) -> Iterator[Word | Other]:
    """Local response normalisations of other numbers, and other libraries' meanings of them."""
    alphas = dict.fromkeys((alpha * size, alpha / size, alpha, 1e-4, 1e-3, 1e-5))
    for a, n in product(alphas, dict.fromkeys((size, 3, 7, 9))):
        yield spec.LRN(n, a, beta)
        yield others.lrn_with(n, a, beta, 2.0)
        yield spec.LRN(n, a, 0.5)


def behind(graph: Graph, name: str) -> Iterator[Word | Other]:
    """Steps that may stand behind an op though the table has none there."""
    if name == IMAGE:
        yield from others.ORDERS
        return
    yield spec.ReLU()
    yield from (spec.MaxPool(3, 1, 1), spec.MaxPool(3, 2, 1), spec.AvgPool(3, 1, 1))
    yield from others.ACTIVATIONS
    if isinstance(graph[name].word, spec.Linear | spec.Flatten | spec.Conv | spec.Dropout):
        yield from others.ENDINGS
    if name.count(".") < 2:  # as papers have it: behind the first layers alone
        yield from (LRN, *lrns(LRN.size, LRN.alpha, LRN.beta))


def all_at_once(graph: Graph, names: list[str]) -> Iterator[Graph]:
    """The same of several words: no ReLU, or another activation, in all of these."""
    relus = [name for name in names if graph[name].word == spec.ReLU()]
    if len(relus) > 1:
        for word in (None, *others.ACTIVATIONS):
            changed = graph
            for name in relus:
                changed = edit(changed, name, word=word)
            yield changed


def joined_otherwise(graph: Graph, name: str) -> Iterator[Graph]:
    """A concatenation in another order or of fewer branches; a sum without one of its parts."""
    op = graph[name]
    fewer = range(len(op.inputs) - 1, 0, -1)
    for count in (len(op.inputs), *fewer):
        orders = permutations(op.inputs) if len(op.inputs) < 6 else combinations(op.inputs, count)
        for inputs in orders:
            if inputs[:count] != op.inputs:
                yield edit(graph, name, inputs=inputs[:count])
    if isinstance(op.word, spec.Residual):
        for part in op.inputs:
            yield edit(graph, name, word=None, inputs=(part,))


def read_elsewhere(graph: Graph, names: list[str]) -> Iterator[Graph]:
    """An op that reads what another one makes, one before it."""
    order = {name: number for number, name in enumerate(graph)}
    for name in names:
        for number, own in enumerate(graph[name].inputs):
            for other in names:
                if other != own and order[other] < order[name]:
                    inputs = list(graph[name].inputs)
                    inputs[number] = other
                    yield edit(graph, name, inputs=tuple(inputs))


def rescaled(graph: Graph, name: str, found: Array, known: Values) -> Iterator[Graph]:
    """All values behind an op times the one number that would explain it, or dropped at random."""
    try:
        expected = trimmed(value(graph, name, dict(known)))
    except ValueError:
        return
    found = trimmed(found)
    if expected.shape != found.shape or not np.abs(expected).max():
        return
    there = found != 0
    if not there.any():
        return
    factor = float(np.median(found[there] / np.where(expected == 0, np.nan, expected)[there]))
    if not np.isfinite(factor) or factor == 0:
        return
    if (there | (expected == 0)).all():
        nice = float(f"{factor:.6g}")
        word = others.times(nice, f"all values times {nice:g}")
    else:
        word = Other(
            f"dropout at work: {1 - there.mean():.0%} of the values dropped, "
            f"the others times {factor:.4g}",
            lambda x: np.where(there.reshape(x.shape), factor * x, 0),
        )
    yield edit(graph, name, then=(*graph[name].then, word))


def extra_layers(
    graph: Graph, names: list[str], calls: list[Call], known: Values, digits: int
) -> Iterator[Graph]:
    """The graph with one of these layers of the user's behind an op whose output it reads."""
    for name in names:
        try:
            y = value(graph, name, dict(known))
        except ValueError:
            continue
        for call in calls:
            if agree(call.input, y, digits):
                what = f"{NAMES[call.kind]} {call.name} of the network's own"
                then = (*graph[name].then, others.given(what, call.output))
                yield edit(graph, name, then=then)


NAMES = {"conv": "a convolution", "norm": "a batch norm", "linear": "a linear layer"}


def layers(word: Any, call: Call) -> Iterator[Word | Other]:
    """What a layer with weights may be, whose numbers are not those of the table."""
    match word:
        case spec.Conv() | spec.DepthwiseConv():
            yield from convolutions(word, call)
        case spec.BatchNorm():
            yield from norms(word, call)
        case spec.Linear():
            yield spec.Linear(call.shape[0])


def convolutions(word: spec.Conv | spec.DepthwiseConv, call: Call) -> Iterator[Word | Other]:
    """Convolutions with other strides and borders, the table's first."""
    kernel: spec.Size = call.shape[2:]  # type: ignore[assignment]
    rows, columns = pair(kernel)
    kernel = rows if rows == columns else kernel
    half = (rows // 2, columns // 2)
    around: spec.Padding = half[0] if half[0] == half[1] else half
    strides = dict.fromkeys((word.stride, 1, 2, 3, 4))
    paddings = dict.fromkeys((word.padding, around, *PADDINGS))
    for stride, padding in product(strides, paddings):
        yield like(word, call, kernel, stride, padding)


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
    for eps in dict.fromkeys((word.eps, 1e-3, 1e-5, 1e-4, 1e-6, 2e-5, 1e-2, 1e-7, 1e-8, 1e-12)):
        yield replace(word, eps=eps, scale=scale)
    yield others.norm_of_batch(word.eps, call.weights)
    yield others.norm_of_batch(1e-5, call.weights)
