"""Computes the effect of differences on the result."""

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite

from common.reference.numerics import relative_difference
from common.tools.check.describe import Difference
from common.tools.check.foreign_layers import ENDINGS
from common.tools.check.graph import RESULT, DoesNotFit, Graph, Op, Other, Values, downstream, value
from common.tools.check.reading import Reading

LEAST = 1e-12  # smaller effects are rounding


def with_effects(found: list[Difference], reading: Reading) -> Iterator[Difference]:
    """Yields the differences, each with the effect on the result of all those of its kind."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for each in found:
        is_own = reading.graph.get(each.layer) != reading.table.get(each.layer)
        # A change of the whole network and shared weights cannot be undone in its graph.
        if is_own and not each.places and not each.what.endswith(": channels"):
            groups.setdefault((each.what, each.yours, each.table), []).append(each.layer)
    effects = {key: effect(reading, names) for key, names in groups.items()}
    for each in found:
        size = effects.get((each.what, each.yours, each.table)) or 0.0
        yield replace(each, effect=size if size > LEAST and isfinite(size) else None)


def effect(reading: Reading, names: list[str]) -> float | None:
    """The relative change of the result with only these ops as in the plan; None if it fails."""
    graph = reading.graph | {n: reading.table[n] for n in names if n in reading.table}
    stale = downstream(graph, names)
    if any(map(is_given, (graph[name] for name in stale if name in graph))):
        return None  # what is after it would not change
    known = {name: y for name, y in reading.known.items() if name not in stale}
    for name in set(names) & set(reading.forced):
        known.pop(name, None)
    taken = reading.matcher.taken.items()
    weights = {name: reading.trace.calls[number].weights for name, number in taken}
    try:
        y = value(scores(graph, names, known), RESULT, known, weights)
        before = dict(reading.known)
        own = value(scores(reading.graph, names, before), RESULT, before, weights)
        return relative_difference(y, own) if y.shape == own.shape else None
    except DoesNotFit:
        return None


def is_given(op: Op) -> bool:
    """Whether an op or a step beside it has an output that does not depend on its input."""
    layers = (*op.before, op.layer, *op.then)
    return any(isinstance(layer, Other) and layer.each == "given" for layer in layers)


def scores(graph: Graph, names: list[str], known: Values) -> Graph:
    """The graph without a softmax after its result, which would hide what is before it.

    One that is among the differences in question itself stays. What is no longer valid is removed
    from the `known` values.
    """
    last = graph[RESULT].inputs[0]
    endings = tuple(each for each in graph[last].then if is_ending(each))
    if not endings or last in names:
        return graph
    for name in downstream(graph, [last]):
        known.pop(name, None)
    kept = tuple(each for each in graph[last].then if not is_ending(each))
    return graph | {last: replace(graph[last], then=kept)}


def is_ending(layer: object) -> bool:
    """Whether a step turns scores into probabilities."""
    return isinstance(layer, Other) and layer.what in {each.what for each in ENDINGS}
