"""The verdict on a user's network: which network it is and where it differs.

Each difference is reported with its effect and the published variants that share it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import isnan

from common import networks
from common.errors import DataError, UsageError
from common.reference.numerics import relative_difference
from common.spec import Shape, shape_text
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.tools.check.candidates import candidates, plan_for
from common.tools.check.describe import Difference, describe, text
from common.tools.check.dropout import dropout_differences
from common.tools.check.follow import follow
from common.tools.check.graph import RESULT, DoesNotFit, Graph, Op, downstream, draw, section, value
from common.tools.check.reading import Reading
from common.tools.check.trace import Trace
from common.tools.check.training_step import training_differences


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    `asked` is the requested network, if any, and `plan` that of the network that was compared;
    `nearest` is the most similar network, `same` are those that are equal. `unused` are layers that
    ran and match none of the plan.
    """

    asked: str | None
    plan: Plan
    nearest: str
    nearest_differences: int  # including unexplained ones
    same: tuple[str, ...]
    differences: tuple[Difference, ...]
    unexplained: tuple[Difference, ...]
    in_training: tuple[Difference, ...]
    unused: tuple[str, ...]
    parameters: int

    @property
    def status(self) -> str:
        """The verdict: "unexplained", "differs" or "equal"."""
        if self.unexplained:
            return "unexplained"
        return "differs" if self.every else "equal"

    @property
    def every(self) -> tuple[Difference, ...]:
        """All differences."""
        return (*self.differences, *self.unexplained, *self.in_training)


def reach_verdict(trace: Trace, asked: str | None) -> Verdict:
    """The verdict on a trace, compared with the requested network or the nearest one.

    Raises DataError if the network is not of this family.
    """
    computed: dict[tuple[int, str], int] = {}
    counted = [follow(plan, trace, False, computed) for plan in candidates(trace)]
    ranks = {id(each): rank(each) for each in counted}
    nearest = min(counted, key=lambda each: ranks[id(each)])
    best = ranks[id(nearest)]
    alike = [
        each for each in counted if ranks[id(each)] == best and not each.count and is_same(each)
    ]
    plan = nearest.plan
    if asked:
        held = [each for each in counted if each.plan.network.name == asked]
        fitting = min(held, key=lambda each: ranks[id(each)], default=None)
        plan = fitting.plan if fitting else must_fit(trace, asked)
    reading = follow(plan, trace, True, computed)
    own = list(differences(reading))
    beside = reading if plan is nearest.plan else follow(nearest.plan, trace, True, computed)
    count = len([*differences(beside), *beside.unexplained])
    trained = trace.after and not own and not reading.unexplained
    return Verdict(
        asked,
        plan,
        nearest.plan.network.name,
        count,
        tuple(dict.fromkeys(each.plan.network.name for each in alike)),
        tuple(with_effects(own, reading)),
        tuple(unexplained(reading)),
        tuple(training_differences(reading)) if trained else (),
        tuple(reading.trace.calls[number].name for number in reading.matcher.free),
        trace.parameters,
    )


def rank(counted: Reading) -> tuple[int, int]:
    """The number of differences and, if that is 0 after a training step, of those in dropout."""
    trained = counted.trace.after and not counted.count
    return counted.count, len([*dropout_differences(counted)]) if trained else 0


def is_same(counted: Reading) -> bool:
    """Whether a reading without mismatches has no differences at all, however small."""
    if not counted.rough:
        return True
    reading = follow(counted.plan, counted.trace, True, counted.computed)
    return not [*differences(reading), *reading.unexplained]


def must_fit(trace: Trace, name: str) -> Plan:
    """The plan of a network for the trace's batch; raises DataError where it does not fit."""
    plan = plan_for(trace, name, False)
    if plan is None:
        size = shape_text(trace.image.shape[1:])
        raise DataError(f"{name} cannot take an input of {size}; set a different --input")
    return plan


def differences(reading: Reading) -> Iterator[Difference]:
    """Yields the edits that make the plan compute the same as the trace, layer by layer."""
    used = {RESULT, *reading.plan.heads}
    for end in list(used):
        used |= set(section(reading.graph, end, ()))
    for name, op in reading.graph.items():
        if name in used and op != reading.table.get(name, op):
            number = reading.matcher.taken.get(name)
            lines = () if number is None else reading.trace.calls[number].lines
            for what, yours, table in describe(reading.table[name], op):
                also = also_in(reading.plan, name, op, reading.table[name])
                yield Difference(name, what, yours, table, also, lines=lines)
    for name, other in reading.shared.items():
        lines = reading.trace.calls[reading.matcher.taken[name]].lines
        yield Difference(name, "weights shared", f"those of {other}", "its own", lines=lines)
    heads = reading.heads_found()
    if heads != sorted(heads):
        order = sorted(reading.plan.heads, key=lambda name: reading.ends.get(name, 0))
        yield Difference(
            order[0], "order of heads", ", ".join(order), ", ".join(reading.plan.heads)
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
    made = plan.network
    family = made.name.partition(".")[0]
    found = []
    for other in networks.NETWORKS:
        if other != made.name and other.partition(".")[0] == family:
            graph = published_graph(other, made.input, made.classes, made.aux)
            if graph and has(graph, name, op, table):
                found.append(other)
    return tuple(found)


def has(graph: Graph, name: str, op: Op, table: Op) -> bool:
    """Whether a graph's op differs from the plan's in the same way, followed by the same layers."""
    if op.layer is None:
        return name not in graph
    if name not in graph:
        return False
    other = graph[name]
    changed = [each for each in ("layer", "inputs") if getattr(op, each) != getattr(table, each)]
    if any(getattr(other, each) != getattr(op, each) for each in changed):
        return False
    readers = [each for each in graph.values() if name in each.inputs]
    return all(any(reader.layer == layer for reader in readers) for layer in op.then)


def with_effects(found: list[Difference], reading: Reading) -> Iterator[Difference]:
    """Yields the differences, each with the effect on the result of all those of its kind."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for each in found:
        groups.setdefault((each.what, each.yours, each.table), []).append(each.layer)
    effects = {key: effect(reading, names) for key, names in groups.items()}
    for each in found:
        size = effects[each.what, each.yours, each.table]
        yield Difference(**{**vars(each), "effect": size})


def effect(reading: Reading, names: list[str]) -> float | None:
    """The relative change of the result with only these ops as in the plan; None if it fails."""
    graph = reading.graph | {name: reading.table[name] for name in names}
    stale = downstream(graph, names)
    known = {name: y for name, y in reading.known.items() if name not in stale}
    for name in set(names) & set(reading.forced):
        known.pop(name, None)
    taken = reading.matcher.taken.items()
    weights = {name: reading.trace.calls[number].weights for name, number in taken}
    try:
        y = value(graph, RESULT, known, weights)
        return relative_difference(y, value(reading.graph, RESULT, dict(reading.known), weights))
    except DoesNotFit:
        return None


def unexplained(reading: Reading) -> Iterator[Difference]:
    """Yields the places where no hypothesis explains what the network computes."""
    for name, size in reading.unexplained.items():
        number = reading.matcher.taken.get(name)
        call = None if number is None else reading.trace.calls[number]
        where = f"layer {call.name}" if call else "the result"
        yield Difference(
            name,
            "unexplained",
            f"{where} has a different shape" if isnan(size) else f"{where} differs by {size:.1e}",
            text(reading.table[name].layer),
            lines=call.lines if call else (),
        )
