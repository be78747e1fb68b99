"""Follows a plan through a trace, layer by layer, up to the outputs."""

from dataclasses import replace
from math import inf

from common.spec.plan import Plan
from common.tools.check import layer_hypotheses
from common.tools.check.choose import choose
from common.tools.check.edits import edit
from common.tools.check.explain_segment import explain
from common.tools.check.foreign_layers import ENDINGS
from common.tools.check.graph import (
    RESULT,
    steps,
)
from common.tools.check.reading import EXACT, Reading
from common.tools.check.trace import LayerCall, Trace, agree, reads


def follow(
    plan: Plan,
    trace: Trace,
    explains: bool,
    computed: dict[tuple[int, str], int],
    most: float = inf,
) -> Reading:
    """Returns the comparison of a trace with a plan; with `explains`, differences are explained.

    It ends early if more than `most` places differ.
    """
    reading = Reading(plan=plan, trace=trace, explains=explains, computed=computed)
    for name, op in reading.table.items():
        if op.is_weighted:
            read_layer(reading, name)
        if reading.mismatches > most:
            return reading
    read_ends(reading)
    reading.shared = reading.matcher.shared()
    return reading


def read_layer(reading: Reading, name: str) -> None:
    """Finds the layer that ran for an op, and compares its input and output with the plan's."""
    expected = reading.value_read(name)
    call = reading.matcher.take(name, choose(reading.matcher, name, expected))
    if call is None:
        reading.mismatches += 1
        reading.graph = edit(reading.graph, name, layer=None)
        return
    if expected is None or not reads(call, expected, reading.trace.digits):
        explain(reading, name, call.input)
    elif call.input.shape != expected.shape:  # padding may be a separate step
        call = replace(call, input=expected)
    reading.settle(name, call)
    check_layer(reading, name, call)
    reading.forced[name] = call.output
    reading.known[name] = steps(name, reading.graph[name].then, call.output)


def read_ends(reading: Reading) -> None:
    """Compares the outputs with the plan's: the result and the outputs of the heads."""
    outputs, names = reading.trace.outputs, (RESULT, *reading.plan.heads)
    expected = {name: reading.value_read(name) for name in names}
    for digits in (reading.trace.digits, reading.trace.rough_digits):
        for name, y in expected.items():
            if y is not None and name not in reading.ends:
                forms = [y, *(each.compute(y) for each in ENDINGS if y.ndim == 2)]
                same = [
                    n
                    for n, found in enumerate(outputs)
                    if any(agree(found, form, digits) for form in forms)
                ]
                reading.ends |= {name: same[0]} if same else {}
    left = [n for n in range(len(outputs)) if n not in reading.ends.values()]
    for name, y in expected.items():
        fitting = [n for n in left if y is not None and outputs[n].shape == y.shape]
        number = reading.ends.get(name, (fitting or left or [0])[0])
        left = [n for n in left if n != number]  # the rest are distinguished by their order
        found = outputs[number]
        if y is None or not agree(found, y, reading.trace.digits):
            explain(reading, name, found)


def check_layer(reading: Reading, name: str, call: LayerCall) -> None:
    """Compares a layer's output with the output of the plan's layer for the same input."""
    layer, roughly = reading.graph[name].layer, None
    level = reading.level(name, layer, call) if layer_hypotheses.has_sizes(layer, call) else 0
    has_constants = layer_hypotheses.has_constants(layer)
    if level == EXACT or (level and has_constants and not reading.explains):
        reading.rough += level != EXACT
        return
    for other in layer_hypotheses.layer_candidates(layer, call) if reading.explains else ():
        found = reading.level(name, other, call)
        if found == EXACT:
            roughly = other
            break
        roughly = other if found > level and roughly is None else roughly
    if level and has_constants and roughly is None:
        reading.rough += 1
        return
    reading.mismatches += 1
    if roughly is None:
        expected = layer_hypotheses.output_of(name, layer, call)
        reading.unexplained[name] = layer_hypotheses.distance(call.output, expected)
    else:
        reading.graph = edit(reading.graph, name, layer=roughly)
