"""Finds norms that the published network does not have from their outputs, which later maps show.

An edit that only adds such a norm helps little where the map before it differs as well. So that map
is explained first, as if a layer read it.
"""

from collections.abc import Callable, Sequence
from itertools import product

from common import spec
from common.spec import Layer
from common.tools.check.edits import put
from common.tools.check.graph import Graph, Op, Other, section, value_read, where_it_fits
from common.tools.check.hypotheses import own_layer
from common.tools.check.reading import Reading
from common.tools.check.trace import Array, LayerCall, agree, trimmed

END = "before the norm"  # an op that reads what the norm reads
Explain = Callable[[Reading, str, list[str], Array], bool]


def edit_before_norm(
    reading: Reading, name: str, names: list[str], found: Array, edit_until: Explain
) -> bool:
    """Whether an extra norm leads to an op's input, and edits explain the maps around the norm.

    Then the edits are made; else the graph is left as it was. A norm before a dropout is reported
    there, not at the layer after it.
    """
    names = [
        n for n in names if not isinstance(reading.graph[n].layer, spec.Dropout | spec.Flatten)
    ]
    before, taken = reading.graph, dict(reading.matcher.taken)
    norms = norms_before(reading, name)
    slots = [n for n in names if not isinstance(before[n].layer, spec.Dropout | spec.Flatten)]
    for call, slot in product(norms, slots):
        own = own_layer(call)
        ways = [
            steps
            for steps in ((own, spec.ReLU()), (own,))
            if agrees_in(reading, with_steps(before, slot, steps), name, found)
            or (call is norms[-1] and is_join_like(reading, slot, call))
        ]
        if ways and is_explained(reading, slot, names, call.input, edit_until):
            inner = reading.graph
            for steps in ways:
                reading.adopt(with_steps(inner, slot, steps))
                if reading.agrees(name, found) or edit_until(reading, name, names, found):
                    return True
            reading.adopt(before)
            reading.matcher.restore(taken)
    return False


def norms_before(reading: Reading, name: str) -> list[LayerCall]:
    """The norms that ran before an op and are not the plan's."""
    last = reading.matcher.taken.get(name, len(reading.trace.calls))
    free = [n for n in reading.matcher.free if n < last and reading.matcher.is_spare(n)]
    calls = [reading.trace.calls[number] for number in free]
    return [each for each in calls if each.kind == "norm"]


def with_steps(graph: Graph, slot: str, steps: Sequence[Layer | Other]) -> Graph:
    """The graph with steps after an op."""
    for each in steps:
        graph = put(graph, (slot, "then"), each)
    return graph


def agrees_in(reading: Reading, graph: Graph, name: str, found: Array) -> bool:
    """Whether an op of an edited graph reads a map."""
    y = where_it_fits(value_read, graph, name, reading.without_stale(graph))
    return y is not None and agree(trimmed(found), trimmed(y), reading.trace.digits)


def is_join_like(reading: Reading, slot: str, call: LayerCall) -> bool:
    """Whether an op joins maps to one of the shape that a norm reads."""
    y = reading.value(slot) if isinstance(reading.graph[slot].layer, spec.Concat) else None
    return y is not None and y.shape == call.input.shape


def is_explained(
    reading: Reading, slot: str, names: list[str], x: Array, edit_until: Explain
) -> bool:
    """Whether edits make an op's output the map `x`."""
    graph: Graph = {}
    for name, op in reading.graph.items():
        graph |= {name: op, END: Op(None, (slot,))} if name == slot else {name: op}
    reading.graph = graph
    before = section(graph, END, reading.forced)
    found = reading.agrees(END, x) or edit_until(
        reading, END, [each for each in names if each in before], x
    )
    reading.graph = {name: op for name, op in reading.graph.items() if name != END}
    reading.known.pop(END, None)
    return found
