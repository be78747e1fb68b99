"""Repeats the edits that explained one op at all ops like it, before any other edit is tried."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from common import spec
from common.tools.check.edits import Learned, Place, edit, path_inside
from common.tools.check.facts import facts_of
from common.tools.check.graph import Graph
from common.tools.check.hypotheses import rescaled
from common.tools.check.reading import Reading, unedited
from common.tools.check.trace import Array


def learn(reading: Reading, before: Graph) -> None:
    """Keeps the edits since `before`, which may hold for all ops like these."""
    for name, op in reading.graph.items():
        was = before.get(name)
        if was is None or op is was or sorted(op.inputs) != sorted(was.inputs):
            continue
        order = tuple(was.inputs.index(each) for each in op.inputs)
        old, new = (replace(each, inputs=()) for each in (was, op))
        reading.learned.append(Learned(was=old, new=new, path=path_inside(name), order=order))


def sisters(reading: Reading, names: Sequence[str]) -> Iterator[Graph]:
    """Yields graphs with the edits that explained ops like these, in all, then one by one."""
    if relus := relus_of(reading, names):
        yield reading.graph | relus
    found: Graph = {}
    for name in names:
        op = reading.graph[name]
        others = [each.applied(op) for each in reading.learned if each.fits(name, op)]
        # Of an op whose output is the user's, only the steps after it can be edited.
        if others and (name not in reading.forced or replace(others[-1], then=op.then) == op):
            found[name] = others[-1]
    if found:
        yield reading.graph | found
    if len(found) > 1:
        yield from (reading.graph | {name: op} for name, op in found.items())


def scaled_sisters(reading: Reading, place: Place) -> Iterator[Graph]:
    """Yields graphs with all the edits that explained ops like these, and scaled values.

    Of values that are also scaled, or partly dropped, none agrees after these edits alone.
    """
    for graph in islice(sisters(reading, place.names), 1):
        for name in place.names:
            if isinstance(graph[name].layer, spec.Affine):
                yield edit(graph, name, layer=None)
        own = replace(place, graph=graph, known=unedited(reading, graph))
        for name in place.names:
            yield from rescaled(own, (name, "then"))


def restore_relus(reading: Reading, names: Sequence[str], name: str, x: Array) -> bool:
    """Whether an op reads a map if it has the plan's ReLUs, where most layers have none.

    Then the ReLUs are restored.
    """
    before = reading.graph
    if relus := relus_of(reading, names):
        reading.adopt(before | relus)
        if reading.agrees(name, x):
            return True
        reading.adopt(before)
    return False


def relus_of(reading: Reading, names: Sequence[str]) -> Graph:
    """The plan's ReLUs among some ops, where they were replaced by what most layers have."""
    table = {name: reading.table[name] for name in names if name in reading.table}
    relus = {name: op for name, op in table.items() if op.layer == spec.ReLU()}
    return {
        name: op
        for name, op in relus.items()
        if op != reading.graph[name] == replace(op, layer=facts_of(reading.trace).activation)
    }
