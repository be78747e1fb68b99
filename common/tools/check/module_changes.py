"""Proposes modules in a different order, or fewer modules: changes of a whole network."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import combinations, pairwise

from common.errors import UsageError
from common.spec import Chain, Concat, Conv, Layer, NetworkSpec, Shape
from common.spec.plan import Plan
from common.spec.planner import lay_out
from common.tools.check.facts import Facts, readers_after
from common.tools.check.match import made, of_call, wanted_shapes

MIN_MODULES = 4
MAX_MISSING = 3  # modules that are left out beside different widths
MIN_ALIKE = 0.5  # of the widths of each module that is not left out
BRANCHES = 3  # of a module that begin with a convolution


def other_modules(network: NetworkSpec, facts: Facts) -> Iterator[tuple[NetworkSpec, str, str]]:
    """Yields the network with two modules swapped or with fewer modules, if the trace shows it.

    With it come the names of the modules in the trace and in the published network.
    """
    modules = [n for n, step in network.body.layers.items() if isinstance(step, Concat)]
    plan = planned(network) if len(modules) >= MIN_MODULES else None
    if plan is None:
        return
    ran = [made(of_call(call)) for call in facts.trace.calls]
    wanted = Counter(map(made, wanted_shapes(plan).values()))
    if Counter(ran) == wanted:
        yield from swapped(network, plan, ran)
    elif Counter(ran) < wanted:
        left = wanted - Counter(ran)
        options = [
            (with_steps(network, {}, without=name), "none", name)
            for name in modules
            if left == widths(plan, name)
        ]
        scored = [(score(planned(each[0]), facts), each) for each in options]
        yield from [max(scored, key=lambda each: each[0])[1]] if scored else []
    else:
        yield from beside_other_widths(network, plan, facts)


def beside_other_widths(
    network: NetworkSpec, plan: Plan, facts: Facts
) -> Iterator[tuple[NetworkSpec, str, str]]:
    """Yields the network without one module after the other that a trace with other widths lacks.

    The modules that are left are those whose widths are most similar to the trace's, in order.
    """
    names = [n for n, step in network.body.layers.items() if begins_with_convolutions(step)]
    own, table = traced_modules(facts), [widths(plan, name) for name in names]
    if not own or not 0 < len(names) - len(own) <= MAX_MISSING:
        return

    def alike(kept: Sequence[int]) -> list[float]:
        pairs = zip(own, (table[n] for n in kept), strict=True)
        return [(found & wanted).total() / wanted.total() for found, wanted in pairs]

    kept = max(combinations(range(len(names)), len(own)), key=lambda each: sum(alike(each)))
    left_out = [name for n, name in enumerate(names) if n not in kept]
    missing = sum(table[names.index(name)].total() for name in left_out)
    fewer = len(wanted_shapes(plan)) - len(facts.trace.calls)
    if min(alike(kept)) >= MIN_ALIKE and fewer == missing:
        for name in left_out:
            network = with_steps(network, {}, without=name)
            yield network, "none", name


def begins_with_convolutions(step: Layer) -> bool:
    """Whether a step is a module of which at least three branches begin with a convolution."""
    if not isinstance(step, Concat):
        return False
    firsts = list(step.branches.values())
    while chains := [each for each in firsts if isinstance(each, Chain)]:
        firsts = [each for each in firsts if each not in chains]
        firsts += [next(iter(each.layers.values())) for each in chains if each.layers]
    return sum(isinstance(each, Conv) for each in firsts) >= BRANCHES


def traced_modules(facts: Facts) -> list[Counter]:
    """The widths of each module of a trace: from a map that three convolutions read to the next."""
    calls = facts.trace.calls
    starts = [
        n for n in range(len(calls)) if readers_after(calls, n, is_first=True) >= BRANCHES - 1
    ]
    end = max((n for n, call in enumerate(calls) if call.output.ndim == 4), default=0) + 1
    return [
        Counter(made(of_call(call)) for call in calls[start:stop])
        for start, stop in pairwise([*starts, end])
    ]


def swapped(
    network: NetworkSpec, plan: Plan, ran: Sequence[Shape]
) -> Iterator[tuple[NetworkSpec, str, str]]:
    """Yields the network with two modules swapped, if the layers ran in that order."""
    start, odd = 0, {}
    for name in network.body.layers:
        wanted = widths(plan, name)
        own = Counter(ran[start : start + wanted.total()])
        start += wanted.total()
        if own != wanted:
            odd[name] = own, wanted
    if len(odd) != 2:
        return
    (a, (own_a, wanted_a)), (b, (own_b, wanted_b)) = odd.items()
    if own_a == wanted_b and own_b == wanted_a:
        steps = network.body.layers
        yield with_steps(network, {a: steps[b], b: steps[a]}), f"{b}, {a}", f"{a}, {b}"


def planned(network: NetworkSpec) -> Plan | None:
    """The plan of a network; None where its input does not fit."""
    with suppress(UsageError):
        return lay_out(network)
    return None


def with_steps(network: NetworkSpec, steps: dict, without: str = "") -> NetworkSpec:
    """The network with these steps instead of its own, and without one of them."""
    own = {n: steps.get(n, step) for n, step in network.body.layers.items() if n != without}
    return replace(network, body=replace(network.body, layers=own))


def widths(plan: Plan, module: str) -> Counter:
    """The layers with weights of a module, without what they read."""
    shapes = wanted_shapes(plan).items()
    return Counter(made(shape) for name, shape in shapes if name.partition(".")[0] == module)


def in_common(plan: Plan | None, facts: Facts) -> int:
    """The number of traced layers that match a planned layer in weight shape."""
    wanted = Counter(wanted_shapes(plan).values() if plan else ())
    return (wanted & Counter(map(of_call, facts.trace.calls))).total()


def score(plan: Plan | None, facts: Facts) -> int:
    """The number of traced layers that match a planned layer in weight shape and map size."""
    if plan is None:
        return -1
    wanted, nodes = wanted_shapes(plan), {node.path: node for node in plan.nodes()}
    own = Counter((shape, nodes[name].output[1:]) for name, shape in wanted.items())
    ran = Counter((of_call(call), call.output.shape[2:]) for call in facts.trace.calls)
    return (own & ran).total()
