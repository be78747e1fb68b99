"""The lines of a user's file to look at for a difference at an op, with or without weights."""

from collections import Counter
from collections.abc import Sequence

from common.networks import network
from common.tools.check.graph import Op, downstream
from common.tools.check.reading import Reading
from common.tools.check.trace import Array
from common.tools.check.weightless import Fingerprint, fingerprint, same_map, shared_start


def lines_at(reading: Reading, name: str) -> tuple[int, ...]:
    """The lines that created the layer of an op, or else the layer before it, or its module."""
    taken, op = reading.matcher.taken, reading.graph[name]
    is_beside = op.then or op.before or op.inputs != reading.table[name].inputs
    if name in taken and not is_beside:
        return reading.trace.calls[taken[name]].lines
    found = of_step(reading, name, op) or of_layer_before(reading, name)
    found = found or of_module(reading, name) or of_module(reading, (*op.inputs, name)[0])
    return found or of_reader(reading, name)


def lines_of_places(reading: Reading, places: Sequence[str]) -> tuple[int, ...]:
    """The lines in which the layers of a decision in these places were created.

    For a module that the plan no longer has, they are those of the step before it.
    """
    taken, found = reading.matcher.taken, Counter[int]()
    is_few = 2 * len(places) < len(taken)
    published = [*network(reading.plan.spec.name).body.layers]
    for name in places:
        if name in taken:
            found.update(reading.trace.calls[taken[name]].lines[0 if is_few else -1 :])
        elif name in published:
            before = published[max(published.index(name) - 1, 0)]
            found.update(of_module(reading, name) or of_module(reading, before))
    return tuple(line for line, _ in found.most_common())


def lines_of_dropout(reading: Reading, x: Array) -> tuple[int, ...]:
    """The lines that created the dropout that reads this map."""
    own = fingerprint(x)
    steps = (each for each in reading.trace.steps if "dropout" in each.kind.lower())
    return next((each.lines for each in steps if same_map(each.before, own)), ())


def of_step(reading: Reading, name: str, op: Op) -> tuple[int, ...]:
    """The lines of the layer without weights that computed an op or a step beside it, if any."""
    if op.inputs != reading.table[name].inputs:  # in-place: the op that computed what it reads
        source = op.inputs[0] if len(op.inputs) == 1 else name
        if source == name or reading.graph[source].is_weighted:
            return ()
        return of_step(reading, source, reading.graph[source])
    if op.layer is None and not op.then:
        return ()
    x = prints(reading.value_read(name)) if op.inputs else None
    y = prints(reading.value(name))
    for step in reading.trace.steps:
        before = op.before and x and same_map(step.after, x)
        after = op.then and y and same_map(step.after, y)
        itself = x and y and same_map(step.before, x) and same_map(step.after, y)
        if step.lines and (before or after or (itself and not op.is_weighted)):
            return step.lines
    return of_extra(reading, y) if op.then and y else ()


def of_extra(reading: Reading, y: Fingerprint) -> tuple[int, ...]:
    """The lines of the layer with weights that the plan does not have and that computed a map."""
    taken = set(reading.matcher.taken.values())
    extra = (call for number, call in enumerate(reading.trace.calls) if number not in taken)
    return next((call.lines for call in extra if same_map(fingerprint(call.output), y)), ())


def prints(x: Array | None) -> Fingerprint | None:
    """The fingerprint of a map; None if there is none."""
    return None if x is None else fingerprint(x)


def of_layer_before(reading: Reading, name: str) -> tuple[int, ...]:
    """The lines of the layer with weights that an op in the same unit reads, through others."""
    unit, each = name.rpartition(".")[0], name
    while unit and len(reading.graph[each].inputs) == 1:
        if each in reading.matcher.taken:
            return reading.trace.calls[reading.matcher.taken[each]].lines
        each = reading.graph[each].inputs[0]
        if not each.startswith(f"{unit}."):
            break
    return ()


def of_reader(reading: Reading, name: str) -> tuple[int, ...]:
    """The lines of the layer with weights that reads an op's output first."""
    after = downstream(reading.graph, [name])
    number = next((reading.matcher.taken[n] for n in reading.matcher.taken if n in after), None)
    return () if number is None else reading.trace.calls[number].lines


def of_module(reading: Reading, name: str) -> tuple[int, ...]:
    """The lines that the layers of an op's module have in common."""
    module = name.partition(".")[0]
    own = [
        reading.trace.calls[number].lines
        for other, number in reading.matcher.taken.items()
        if other.partition(".")[0] == module
    ]
    return shared_start(own)
