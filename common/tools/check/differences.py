"""The differences between a plan and a trace that has been followed, with the variants of each."""

from collections.abc import Iterator
from functools import cache
from math import isnan

from common import networks, spec
from common.errors import UsageError
from common.spec import Layer, Shape, shape_text
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.tools.check.attention import ATTENTION
from common.tools.check.describe import CHOICE, IN_PLACE, Difference, layer_label, op_differences
from common.tools.check.graph import RESULT, Graph, Op, Other, draw, section
from common.tools.check.reading import Reading
from common.tools.check.where_made import lines_at


def layer_differences(reading: Reading) -> Iterator[Difference]:
    """Yields the edits that make the plan compute the same as the trace, layer by layer."""
    used = {RESULT, *reading.plan.heads}
    for end in list(used):
        used |= set(section(reading.graph, end, ()))
    for name, op in reading.graph.items():
        is_last = name in reading.table[RESULT].inputs and RESULT not in reading.unexplained
        if is_last and op.layer is None:
            yield without_classifier(reading, name)
        elif name in used and op != reading.table.get(name, op):
            lines = lines_at(reading, name)
            for what, yours, table in own_differences(reading, name):
                also = also_in(reading.plan, name, op, reading.table[name])
                layer = module_after(reading, name) if what == IN_PLACE[0] else name
                yield Difference(
                    layer=layer, what=what, yours=yours, table=table, also_in=also, lines=lines
                )
    for name, other in reading.shared.items():
        lines = reading.trace.calls[reading.matcher.taken[name]].lines
        yield Difference(
            layer=name,
            what="weights shared",
            yours=f"those of {other}",
            table="its own",
            lines=lines,
        )
    yield from result_shape(reading)
    heads = reading.heads_found()
    if heads != sorted(heads):
        order = sorted(reading.plan.heads, key=lambda name: reading.ends.get(name, 0))
        yield Difference(
            layer=order[0],
            what="order of heads",
            yours=", ".join(order),
            table=", ".join(reading.plan.heads),
        )


def own_differences(reading: Reading, name: str) -> Iterator[tuple[str, str, str]]:
    """Yields the differences of an op as (what, yours, table)."""
    if reads_after_relu(reading, name):
        yield IN_PLACE
        return
    for each in op_differences(reading.table[name], reading.graph[name]):
        is_alone = each == IN_PLACE and count_readers(reading, name) == 1  # no shortcut reads it
        yield ("extra ReLU", "ReLU", "none") if is_alone else each


def without_classifier(reading: Reading, name: str) -> Difference:
    """The difference of a network that returns a feature map or vector and not scores."""
    own = reading.graph[name].inputs
    between = [each for each in section(reading.table, name, own) if each not in own]
    left = [*(each for each in reading.table if each in between), name]
    return Difference(
        layer=left[0],
        what="classifier missing",
        yours=", ".join(own),
        table=", ".join(left),
        places=tuple(left),
        kind=CHOICE,
    )


def count_readers(reading: Reading, name: str) -> int:
    """The number of ops of the plan that read an op's output."""
    return sum(name in op.inputs for op in reading.table.values())


def module_after(reading: Reading, name: str) -> str:
    """The module that reads an op's output; the op itself if it does not end a module."""
    readers = (n for n, op in reading.table.items() if name in op.inputs)
    after = next(readers, name).partition(".")[0]
    return after if after != name.partition(".")[0] else name


def reads_after_relu(reading: Reading, name: str) -> bool:
    """Whether an op only differs in that it reads the same map after the ReLU of a branch."""
    op, table = reading.graph[name], reading.table[name]
    if op.layer != table.layer or op.then or op.before or len(op.inputs) != 1:
        return False
    other = reading.table.get(op.inputs[0])
    return other is not None and other.layer == spec.ReLU() and other.inputs == table.inputs


def result_shape(reading: Reading) -> Iterator[Difference]:
    """Yields the difference between a vector and a map of 1 x 1 as the result."""
    output = reading.trace.outputs[reading.ends.get(RESULT, 0)]
    is_vector = len(reading.plan.body.output) == 1
    if output.ndim == 4 and output.shape[2:] == (1, 1) and is_vector:
        name, own = reading.plan.spec.output, shape_text(output.shape[1:])
        yield Difference(
            layer=name,
            what="shape of the result",
            yours=f"N x {own}",
            table=f"N x {output.shape[1]}",
        )


@cache
def published_graph(name: str, shape: Shape, classes: int, aux: bool) -> Graph:
    """The graph of a published network; empty where the shape does not fit."""
    try:
        return draw(make_plan(networks.network(name, shape, classes, aux)))
    except UsageError:
        return {}


def also_in(plan: Plan, name: str, op: Op, table: Op) -> tuple[str, ...]:
    """The published variants of the same paper in which this op is as in the user's network."""
    made = plan.spec
    family = made.name.partition(".")[0]
    if name not in published_graph(made.name, made.input, made.classes, made.aux):
        return ()  # a layer of a change of the whole network, which no published network has
    found = []
    for other in networks.NETWORKS:
        if other != made.name and other.partition(".")[0] == family:
            aux = made.aux and bool(networks.network(other).heads)
            graph = published_graph(other, made.input, made.classes, aux)
            if graph and has(graph, name, op, table):
                found.append(other)
    return tuple(found)


def has(graph: Graph, name: str, op: Op, table: Op) -> bool:
    """Whether a graph's op differs from the plan's in the same way, followed by the same layers."""
    if op.layer is None:
        return name not in graph and not op.then
    if op.then and isinstance(table.layer, spec.Residual):
        return False
    if name not in graph:
        return False
    other = graph[name]
    if op.inputs != table.inputs and other.inputs != op.inputs:
        return False
    if op.layer != table.layer and not has_layer(other.layer, op.layer, table.layer):
        return False
    after = [each.layer for each in graph.values() if name in each.inputs]
    after += [spec.ReLU()] if is_activated(graph, name) else []
    return all(layer in after for layer in op.then)


def is_activated(graph: Graph, name: str) -> bool:
    """Whether an op's values come from a ReLU, with which a flatten commutes."""
    while isinstance(graph[name].layer, spec.Flatten | spec.Dropout):
        name = graph[name].inputs[0]
    return graph[name].layer == spec.ReLU()


def has_layer(
    other: Layer | Other | None, yours: Layer | Other | None, table: Layer | Other | None
) -> bool:
    """Whether a layer differs from the plan's in the same fields, and has the same values there."""
    if type(yours) is not type(table) or isinstance(yours, Other) or type(other) is not type(yours):
        return other == yours
    fields = [name for name, value in vars(yours).items() if value != vars(table)[name]]
    return all(vars(other)[name] == vars(yours)[name] for name in fields)


def unexplained(reading: Reading) -> Iterator[Difference]:
    """Yields the places where no hypothesis explains what the network computes."""
    for name, size in reading.unexplained.items():
        number = reading.matcher.taken.get(name)
        call = None if number is None else reading.trace.calls[number]
        where = f"layer {call.name}" if call else "the result"
        yield Difference(
            layer=name,
            what="unexplained",
            yours=f"{where} has a different shape"
            if isnan(size)
            else f"{where} differs by {size:.1e}",
            table=layer_label(reading.table[name].layer),
            lines=call.lines if call else (),
            places=(name, *reading.suspects.get(name, ())),
        )


def unused(reading: Reading) -> tuple[str, ...]:
    """The layers that ran and explain nothing: neither ops of the plan nor steps added to it."""
    added = {
        layer.what.rpartition(": ")[2]
        for op in reading.graph.values()
        for layer in (op.layer, *op.then, *op.before)
        if isinstance(layer, Other)
    }
    free = [reading.trace.calls[number] for number in reading.matcher.free]
    if ATTENTION in added:  # its layers compute the factors from a vector
        free = [call for call in free if call.input.ndim > 2 and call.input[0, 0].size > 1]
    return tuple(call.name for call in free if call.name not in added)
