"""Edits the graph between two layers with weights until it computes what the user's does."""

from itertools import chain, islice

import numpy as np

from common import spec
from common.tools.check import layer_hypotheses
from common.tools.check.edits import Place
from common.tools.check.extra_norms import edit_before_norm
from common.tools.check.graph import Graph, section, value_read, where_it_fits
from common.tools.check.hypotheses import hypotheses
from common.tools.check.promising import Promising
from common.tools.check.reading import Reading, unedited
from common.tools.check.sisters import learn, restore_relus, scaled_sisters, sisters
from common.tools.check.trace import Array, agreement, reads

ROUNDS = 5  # the most differences explained in one segment
# A round tries at least LEAST edits; where all maps are small more, up to WORK values in total.
LEAST, WORK = 300, 1_600_000_000


def explain(reading: Reading, name: str, found: Array) -> None:
    """Edits the ops that lead to an op until its input is that of the user's network."""
    if reading.agrees(name, found):
        reading.rough += 1
        return
    before, names = reading.graph, open_names(reading, name)
    if restore_relus(reading, names, name, found):
        return
    reading.mismatches += 1
    if reading.explains and (
        edit_until(reading, name, names, found)
        or edit_before_norm(reading, name, names, found, edit_until)
    ):
        learn(reading, before)
        return
    reading.unexplained[name] = layer_hypotheses.distance(found, reading.value_read(name))
    reading.suspects[name] = names
    source = reading.graph[name].inputs[0]
    if source in names:
        reading.forced[source] = reading.known[source] = found


def edit_until(reading: Reading, name: str, names: list[str], found: Array) -> bool:
    """Whether edits make an op read a map; they are made, or the graph is left as it was."""
    before, taken = reading.graph, dict(reading.matcher.taken)
    for _ in range(ROUNDS):
        better = improve(reading, name, names, found)
        if better is None:
            break
        reading.adopt(better)
        if reading.agrees(name, found):
            return True
    reading.adopt(before)
    reading.matcher.restore(taken)
    return False


def open_names(reading: Reading, name: str) -> list[str]:
    """The ops that lead to an op and may be edited because no other layer reads their output."""
    ends, found = set(reading.forced), []
    calls = reading.matcher.settled()
    source = reading.graph[name].inputs[0]
    for each in section(reading.graph, name, ends):
        y = reading.value(each)
        maps = [] if y is None else [y]
        if maps and each == source and is_sum_before_relu(reading.graph, each):
            maps.append(np.maximum(maps[0], 0))
        if not any(reads(call, x, reading.trace.digits) for x in maps for call in calls):
            found.append(each)
        else:
            ends.add(each)
    return [each for each in found if each in section(reading.graph, name, ends)]


def is_sum_before_relu(graph: Graph, name: str) -> bool:
    """Whether an op is a sum that a ReLU reads; a shortcut may read it as well."""
    readers = [op.layer for op in graph.values() if name in op.inputs]
    return isinstance(graph[name].layer, spec.Residual) and spec.ReLU() in readers


def improve(reading: Reading, name: str, names: list[str], found: Array) -> Graph | None:
    """The first edit after which all values agree, else the best one; None if none helps."""
    for each in reading.graph:
        if each == name:
            break
        reading.value(each)  # so that `known` has all maps that could be read
    digits, best = reading.trace.rough_digits, None
    most = share_agreeing(reading, reading.graph, name, found, digits)
    test = Promising(name, found, digits, reading.forced)
    test.keep(reading.graph, reading.known)
    free = [reading.trace.calls[number] for number in reading.matcher.free]
    exact = reading.digits_at(name)
    place = Place(
        graph=reading.graph,
        reader=name,
        names=names,
        forced=reading.forced,
        known=reading.known,
        found=found,
        free=free,
        digits=exact,
    )
    tries = islice(hypotheses(place), max(LEAST, WORK // largest(reading, names, found)))
    for graph in chain(sisters(reading, names), tries, scaled_sisters(reading, place)):
        known = unedited(reading, graph)
        if not test.passes(graph, known):
            continue
        agreeing = share_agreeing(reading, graph, name, found, digits)
        if agreeing == 1 and share_agreeing(reading, graph, name, found, reading.trace.digits) == 1:
            return graph
        if agreeing > most:
            best, most = graph, agreeing
            test.keep(graph, known)
    return best


def largest(reading: Reading, names: list[str], found: Array) -> int:
    """The number of values of the largest map in a segment."""
    maps = {each for name in names for each in (name, *reading.graph[name].inputs)}
    return max([found.size, *(reading.known[each].size for each in maps & reading.known.keys())])


def share_agreeing(reading: Reading, graph: Graph, name: str, found: Array, digits: int) -> float:
    """The fraction of values at an op's input that agree in an edited graph; -1 if none can."""
    with np.errstate(all="ignore"):  # a wrong guess may overflow
        y = where_it_fits(lambda: value_read(graph, name, reading.without_stale(graph)))
    return -1.0 if y is None else agreement(found, y, digits)
