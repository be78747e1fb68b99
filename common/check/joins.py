"""What may differ in how maps come together: branches, sums, and which map is read."""

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np

from common import spec
from common.check import others
from common.check.graph import Graph, Op, section
from common.check.place import Place, edit
from common.check.trace import agree, trimmed


def joined_otherwise(place: Place, name: str) -> Iterator[Graph]:
    """A concatenation in another order, of fewer branches or of more; a sum without a part."""
    graph, op = place.graph, place.graph[name]
    if isinstance(op.word, spec.Residual):
        for part in op.inputs:
            yield edit(graph, name, word=None, inputs=(part,))
        return
    for count in range(len(op.inputs), 0, -1):
        orders = permutations(op.inputs) if len(op.inputs) < 6 else combinations(op.inputs, count)
        for inputs in dict.fromkeys(each[:count] for each in orders):
            if inputs != op.inputs:
                yield edit(graph, name, inputs=inputs)
    yield from more_branches(place, name)


def more_branches(place: Place, name: str) -> Iterator[Graph]:
    """A concatenation with one branch more, that a layer of the user's own ends."""
    op = place.graph[name]
    for call in place.free:
        own = f"{name}, {call.name}"
        for what, y in ((own, call.output), (f"{own}, ReLU", np.maximum(call.output, 0))):
            graph = place.graph | {own: Op(others.given(what, y), (op.inputs[0],))}
            for place_of in range(len(op.inputs) + 1):
                inputs = (*op.inputs[:place_of], own, *op.inputs[place_of:])
                yield edit(graph, name, inputs=inputs)


def skipped(place: Place) -> Iterator[Graph]:
    """What is read is just what another op makes: whole modules left out, or another map read."""
    source = place.graph[place.reader].inputs[0]
    before = section(place.graph, source, ())
    for name, y in place.known.items():
        if name != source and agree(place.found, y, place.digits):
            between = (source, *section(place.graph, source, (name,)))
            joins = [each for each in between if each != name and is_join(place.graph, each)]
            if source in place.names and name in between and joins:
                yield edit(place.graph, source, word=None, inputs=(name,))
            if name not in before or source not in place.names:
                yield edit(place.graph, place.reader, inputs=(name,))


def is_join(graph: Graph, name: str) -> bool:
    """Whether maps come together in an op."""
    return isinstance(graph[name].word, spec.Concat | spec.Residual)


def read_elsewhere(place: Place) -> Iterator[Graph]:
    """An op without weights that reads another map than the table's, one known before it."""
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
