"""Hypotheses about how feature maps are joined: branches, sums, and which map is read."""

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np

from common import spec
from common.tools.check import foreign_layers as others
from common.tools.check.edits import Place, edit
from common.tools.check.graph import Graph, Op, section
from common.tools.check.trace import agree, trimmed


def joined_otherwise(place: Place, name: str) -> Iterator[Graph]:
    """Yields concatenations with other orders or numbers of branches, and sums without a part."""
    graph, op = place.graph, place.graph[name]
    if isinstance(op.layer, spec.Residual):
        for part in op.inputs:
            yield edit(graph, name, layer=None, inputs=(part,))
        return
    for count in range(len(op.inputs), 0, -1):
        orders = permutations(op.inputs) if len(op.inputs) < 6 else combinations(op.inputs, count)
        for inputs in dict.fromkeys(each[:count] for each in orders):
            if inputs != op.inputs:
                yield edit(graph, name, inputs=inputs)


def added_twice(place: Place) -> Iterator[Graph]:
    """Yields graphs in which a shortcut is added once more, to the sum or to what follows it."""
    graph = place.graph
    for name in place.names:
        layer = graph[name].layer
        if not isinstance(layer, spec.Residual):
            continue
        x = place.known.get(graph[name].inputs[-1])
        for after in place.names:
            y = place.known.get(after)
            if x is None or y is None or y.shape != x.shape:
                continue
            if name not in (after, *section(graph, after, ())):
                continue
            for scale in dict.fromkeys((1.0, layer.scale)):
                if agree(place.found, scale * y + x, place.digits):
                    step = others.given("shortcut added a second time", place.found)
                    yield edit(graph, after, then=(*graph[after].then, step))


def more_branches(place: Place, name: str) -> Iterator[Graph]:
    """Yields concatenations with one more branch.

    It is a map of the module that another branch reads as well, or ends in a further layer of the
    user's network.
    """
    op = place.graph[name]
    for other in place.known:
        if other.startswith(f"{name}.") and other not in op.inputs:
            yield from with_branch(place.graph, name, other)
    for call in place.free:
        own = new_name(place.graph, f"{name}, {call.name}")
        for what, y in ((own, call.output), (f"{own}, ReLU", np.maximum(call.output, 0))):
            graph = place.graph | {own: Op(others.given(what, y), (op.inputs[0],))}
            yield from with_branch(graph, name, own)


def with_branch(graph: Graph, name: str, branch: str) -> Iterator[Graph]:
    """Yields graphs in which a concatenation also reads an op, at each position."""
    inputs = graph[name].inputs
    for number in range(len(inputs) + 1):
        yield edit(graph, name, inputs=(*inputs[:number], branch, *inputs[number:]))


def new_name(graph: Graph, name: str) -> str:
    """The name, with a number if an op is already called so: an op must never read itself."""
    names = (name, *(f"{name} {number}" for number in range(2, len(graph) + 2)))
    return next(each for each in names if each not in graph)


def skipped(place: Place) -> Iterator[Graph]:
    """Yields graphs in which `reader` reads an op whose output is the map found.

    Either whole modules are skipped, or only `reader` reads a different map.
    """
    source = place.graph[place.reader].inputs[0]
    before = section(place.graph, source, ())
    for name, y in place.known.items():
        if name != source and agree(place.found, y, place.digits):
            between = (source, *section(place.graph, source, (name,)))
            joins = [each for each in between if each != name and is_join(place.graph, each)]
            if source in place.names and name in between and joins:
                yield edit(place.graph, source, layer=None, inputs=(name,))
            ran = any(each in place.forced for each in between)  # the layers between are there
            if ran or name not in before or source not in place.names:
                yield edit(place.graph, place.reader, inputs=(name,))


def is_join(graph: Graph, name: str) -> bool:
    """Whether an op joins several maps."""
    return isinstance(graph[name].layer, spec.Concat | spec.Residual)


def read_elsewhere(place: Place) -> Iterator[Graph]:
    """Yields graphs where an op without weights reads a different map, computed before it."""
    order = {name: number for number, name in enumerate(place.graph)}
    for name in place.names:
        if name in place.forced:
            continue
        for number, own in enumerate(place.graph[name].inputs):
            shape = trimmed(place.known[own]).shape if own in place.known else ()
            for other, y in place.known.items():
                near = trimmed(y).shape == shape or "." not in other
                if other != own and near and order.get(other, 0) < order[name]:
                    inputs = list(place.graph[name].inputs)
                    inputs[number] = other
                    yield edit(place.graph, name, inputs=tuple(inputs))
