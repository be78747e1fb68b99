"""What may differ where the maps part, as edits of the graph, the plainest first."""

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import product

import numpy as np

from common import spec
from common.check import others
from common.check.graph import IMAGE, Graph, Op, Other, value, value_read, where_it_fits
from common.check.joins import joined_otherwise, read_elsewhere, skipped
from common.check.layers import PADDINGS
from common.check.place import Place, edit
from common.check.trace import Array, agree, trimmed
from common.spec import Word

LRN = spec.LRN(5, 1e-4, 0.75)
NAMES = {"conv": "a convolution", "norm": "a batch norm", "linear": "a linear layer"}
Slot = tuple[str, str]  # where a step may be put: an op, and whether before or behind it


def hypotheses(place: Place) -> Iterator[Graph]:
    """The graph with one difference each, in one of the ops of a place or behind one of them."""
    graph, inside = place.graph, [name for name in place.names if name not in place.forced]
    slots: list[Slot] = [(name, "then") for name in place.names]
    if graph[place.reader].inputs[0] not in place.names:
        slots.append((place.reader, "before"))
    yield from extra_layers(place, slots)
    for name in inside:
        for word in instead(graph[name]):
            yield edit(graph, name, word=word)
    yield from skipped(place)
    yield from all_at_once(graph, inside)
    for name in inside:
        if isinstance(graph[name].word, spec.Concat | spec.Residual):
            yield from joined_otherwise(place, name)
    for slot in slots:
        for word in behind(graph, slot):
            yield put(graph, slot, word)
    yield from read_elsewhere(place)
    for slot in slots:
        yield from rescaled(place, slot)


def put(graph: Graph, slot: Slot, word: Word | Other) -> Graph:
    """The graph with one more step."""
    name, side = slot
    return edit(graph, name, **{side: (*getattr(graph[name], side), word)})


def value_at(place: Place, slot: Slot) -> Array | None:
    """What there is where a step may be put; None where it does not fit."""
    find = value_read if slot[1] == "before" else value
    return where_it_fits(find, place.graph, slot[0], dict(place.known))


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
    made = sorted((each for each in made if each != word), key=lambda each: unlike(each, word))
    yield from (each for each in made if unlike(each, word) == 1)
    yield None
    yield from (each for each in made if unlike(each, word) > 1)
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


def behind(graph: Graph, slot: Slot) -> Iterator[Word | Other]:
    """Steps that may stand behind or before an op though the table has none there."""
    name = graph[slot[0]].inputs[0] if slot[1] == "before" else slot[0]
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


def rescaled(place: Place, slot: Slot) -> Iterator[Graph]:
    """All values times the one number that would explain it, or dropped at random.

    Or, last of all, each channel scaled and shifted on its own.
    """
    expected = value_at(place, slot)
    if expected is None or trimmed(expected).shape != trimmed(place.found).shape:
        return
    expected, found = trimmed(expected), trimmed(place.found)
    if agree(found, expected, place.digits):
        return  # up to a constant that was kept in float32
    there = (found != 0) & (expected != 0)
    if not there.any():
        return
    factor = float(np.median(found[there] / expected[there]))
    dropped = (found == 0) & (expected != 0)
    if not dropped.any():
        text = f"{factor:.{6 if abs(factor - 1) > 1e-5 else 12}g}"
        word = others.times(factor, f"all values times {text}")
    else:
        word = Other(
            f"dropout at work: {dropped.mean():.0%} of the values dropped, "
            f"the others times {factor:.4g}",
            lambda x: np.where(dropped.reshape(x.shape), 0, factor * x),
        )
    yield put(place.graph, slot, word)
    if found.ndim == 4 and np.prod(found.shape) >= 16 * found.shape[1]:
        yield put(place.graph, slot, others.scaled(found, expected))


def extra_layers(place: Place, slots: list[Slot]) -> Iterator[Graph]:
    """The graph with one layer more of those that ran, where it reads what there is."""
    for slot in slots:
        y = value_at(place, slot)
        for call in place.free:
            if y is not None and agree(call.input, y, place.digits):
                what = f"{NAMES[call.kind]} of the network's own: {call.name}"
                yield put(place.graph, slot, others.given(what, call.output))
