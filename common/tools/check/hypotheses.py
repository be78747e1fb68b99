"""Hypotheses about why feature maps differ, as edits of the graph, the simplest first."""

from collections.abc import Iterator

import numpy as np

from common import spec
from common.spec import Layer
from common.tools.check import foreign_layers as others
from common.tools.check.attention import attended
from common.tools.check.edits import Place, Slot, edit, put, value_at
from common.tools.check.graph import IMAGE, Graph, Other
from common.tools.check.group_norm import name_of_norm
from common.tools.check.joins import (
    added_twice,
    joined_otherwise,
    more_branches,
    read_elsewhere,
    skipped,
)
from common.tools.check.replacements import instead, lrns
from common.tools.check.trace import Array, LayerCall, agree, trimmed

LRN = spec.LRN(5, 1e-4, 0.75)
NEARLY, MOST = 1e-3, 0.5  # values after dropout have one ratio to those before it, most of them
NAMES = {"conv": "convolution", "linear": "linear layer"}


def hypotheses(place: Place) -> Iterator[Graph]:
    """Yields graphs with one difference each, in an op of a place or next to one."""
    graph, inside = place.graph, [name for name in place.names if name not in place.forced]
    slots: list[Slot] = [(name, "then") for name in place.names]
    if graph[place.reader].inputs[0] not in place.names:
        slots.append((place.reader, "before"))
    yield from extra_layers(place, slots)
    joins = [name for name in inside if isinstance(graph[name].layer, spec.Concat | spec.Residual)]
    for name in joins:
        yield from joined_otherwise(place, name)
    for slot in slots:
        yield from attended(place, slot)
    for name in inside:
        for layer in instead(graph[name]):
            yield edit(graph, name, layer=layer)
    yield from learned_activation(place, inside)
    yield from skipped(place)
    yield from added_twice(place)
    yield from all_at_once(graph, inside)
    for name in joins:
        if isinstance(graph[name].layer, spec.Concat):
            yield from more_branches(place, name)
    for slot in slots:
        for layer in extra_steps(place, slot):
            yield put(graph, slot, layer)
            if layer in others.ENDINGS:
                yield put(put(graph, slot, spec.ReLU()), slot, layer)
            elif isinstance(layer, spec.LRN):
                yield from (put(bare, slot, layer) for bare in without_relu(graph, inside))
    yield from read_elsewhere(place)
    for slot in slots:
        yield from rescaled(place, slot)


def extra_steps(place: Place, slot: Slot) -> Iterator[Layer | Other]:
    """Yields steps that a user may have added at a slot where the plan has none."""
    graph = place.graph
    name = graph[slot[0]].inputs[0] if slot[1] == "before" else slot[0]
    if name == IMAGE:
        yield from others.ORDERS
        return
    yield spec.ReLU()
    yield from (spec.MaxPool(3, 1, 1), spec.MaxPool(3, 2, 1), spec.AvgPool(3, 1, 1))
    yield from dict.fromkeys((*others.own_activations(graph), *others.ACTIVATIONS))
    if isinstance(graph[name].layer, spec.Linear | spec.Flatten | spec.Conv | spec.Dropout):
        yield from others.ENDINGS
    if name.count(".") < 2:  # as in the papers: only after the first layers
        yield from (LRN, *lrns(LRN.size, LRN.alpha, LRN.beta))
        y = value_at(place, slot)
        width = y.shape[1] if y is not None else LRN.size  # in the place of the size
        yield from (spec.LRN(width, alpha, LRN.beta) for alpha in (1e-4, 1e-4 / width))


def without_relu(graph: Graph, names: list[str]) -> Iterator[Graph]:
    """Yields the graph without the ReLUs among these ops, if there are any."""
    changed = graph
    for name in names:
        if graph[name].layer == spec.ReLU():
            changed = edit(changed, name, layer=None)
    if changed is not graph:
        yield changed


def all_at_once(graph: Graph, names: list[str]) -> Iterator[Graph]:
    """Yields graphs with the same change in several layers: no ReLU, or a different activation."""
    relus = [name for name in names if graph[name].layer == spec.ReLU()]
    if len(relus) > 1:
        for layer in (None, *others.ACTIVATIONS):
            changed = graph
            for name in relus:
                changed = edit(changed, name, layer=layer)
            yield changed


def rescaled(place: Place, slot: Slot) -> Iterator[Graph]:
    """Yields graphs with all values scaled by the factor that fits, or with active dropout.

    Then yields a graph in which each channel is scaled and shifted separately.
    """
    expected = value_at(place, slot)
    if expected is None or trimmed(expected).shape != trimmed(place.found).shape:
        return
    expected, found = trimmed(expected), trimmed(place.found)
    if agree(found, expected, place.digits):
        return  # the same up to a constant kept in float32
    there = (found != 0) & (expected != 0)
    if not there.any():
        return
    ratios = found[there] / expected[there]
    factor = float(np.median(ratios))
    dropped = (found == 0) & (expected != 0)
    if dropped.any() and ((expected < 0) == dropped).all():
        return  # a ReLU
    if dropped.any() and np.mean(np.abs(ratios - factor) < NEARLY * abs(factor)) < MOST:
        return  # any map has such zeros if its channels are in a different order
    if not dropped.any():
        text = f"{factor:.{6 if abs(factor - 1) > 1e-5 else 12}g}"
        layer = others.times(factor, f"all values times {text}")
    else:
        layer = Other(
            what=f"active dropout: {dropped.mean():.0%} of the values dropped, "
            f"the rest multiplied by {factor:.4g}",
            compute=lambda x: np.where(dropped[: len(x)].reshape(x.shape), 0, factor * x),
            each="image",
        )
    yield put(place.graph, slot, layer)
    if found.ndim == 4 and np.prod(found.shape) >= 16 * found.shape[1]:
        yield put(place.graph, slot, others.scaled(found, expected))


def learned_activation(place: Place, names: list[str]) -> Iterator[Graph]:
    """Yields graphs with a PReLU for a ReLU, if the map found has one slope where it is below 0."""
    for name in names:
        op, y = place.graph[name], place.known.get(name)
        x = place.known.get(op.inputs[0]) if op.layer == spec.ReLU() and not op.before else None
        if x is None or y is None or not x.shape == y.shape == place.found.shape:
            continue
        is_above = agree(np.where(x > 0, place.found, 0), y, place.digits) and (y > 0).any()
        if is_above and has_slopes(place.found, x) and (place.found[x < 0] != 0).any():
            yield edit(place.graph, name, layer=others.given("PReLU", place.found))


def has_slopes(found: Array, x: Array) -> bool:
    """Whether values below 0 have one slope for each channel, or for each place in all images."""
    with np.errstate(all="ignore"):
        slopes = np.where(x < 0, found / x, np.nan)
    for axes in ((0, *range(2, x.ndim)), 0):
        known = (x < 0).sum(axis=axes, keepdims=True) > 1
        if known.any():
            low, high = (
                each(slopes, axis=axes, keepdims=True, initial=start, where=x < 0)
                for each, start in ((np.min, np.inf), (np.max, -np.inf))
            )
            if (high - low)[known].max() <= 1e-6 * np.abs(high[known]).max():
                return True
    return False


def extra_layers(place: Place, slots: list[Slot]) -> Iterator[Graph]:
    """Yields graphs with a layer of the user's network added at a slot where its input occurs."""
    for slot in slots:
        y = value_at(place, slot)
        if y is None:
            continue
        for call in place.free:
            if agree(call.input, y, place.digits):
                yield put(place.graph, slot, own_layer(call))
            elif agree(call.input, np.maximum(y, 0), place.digits):
                yield put(put(place.graph, slot, spec.ReLU()), slot, own_layer(call))


def own_layer(call: LayerCall) -> Other:
    """A layer that the published network does not have, with its known output."""
    kind = NAMES.get(call.kind) or name_of_norm(call)
    return others.given(f"extra {kind}: {call.name}", call.output)
