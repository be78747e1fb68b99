"""Proposes modules in a different order, or fewer modules: changes of a whole network."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import combinations, pairwise

from common.errors import UsageError
from common.spec import Chain, Concat, Conv, Layer, Linear, NetworkSpec, Shape
from common.spec.plan import Plan
from common.spec.planner import lay_out
from common.tools.check.facts import Facts, readers_after
from common.tools.check.match import Signature, made, of_call, wanted_shapes
from common.tools.check.trace import LayerCall

MIN_MODULES = 4
MAX_MISSING = 5  # modules that are left out
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
    ran = [made(of_call(call)) for call in before_linear(facts)]
    wanted = Counter(map(made, shapes_before_linear(plan).values()))
    if Counter(ran) == wanted:
        yield from swapped(network, plan, ran)
    elif Counter(ran) < wanted:
        left, table = wanted - Counter(ran), {name: widths(plan, name) for name in modules}
        options = [
            names
            for count in range(1, MAX_MISSING + 1)
            for names in combinations(modules, count)
            if left == sum((table[name] for name in names), Counter())
        ]
        scores = [score(planned(without_steps(network, names)), facts) for names in options]
        best = options[scores.index(max(scores))] if options else ()
        yield from one_by_one(network, best)
    else:
        yield from beside_other_widths(network, plan, facts)


def one_by_one(
    network: NetworkSpec, names: Sequence[str]
) -> Iterator[tuple[NetworkSpec, str, str]]:
    """Yields the network without one of these modules after the other."""
    for name in names:
        network = without_steps(network, [name])
        yield network, "none", name


def before_linear(facts: Facts) -> list[LayerCall]:
    """The layers with weights that ran, without linear ones and a 1x1 classifier."""
    calls = [call for call in facts.trace.calls if call.kind != "linear"]
    results = facts.trace.outputs[0].shape[1]
    ends_in_classifier = calls and calls[-1].output.shape[1] == results
    return calls[:-1] if ends_in_classifier else calls


def shapes_before_linear(plan: Plan) -> dict[str, Signature]:
    """The kind and shape of every layer with weights in a plan, without linear ones."""
    linear = {node.path for node in plan.nodes() if isinstance(node.layer, Linear)}
    return {path: each for path, each in wanted_shapes(plan).items() if path not in linear}


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

    shares = [[(each & wanted).total() / wanted.total() for wanted in table] for each in own]

    def alike(kept: Sequence[int]) -> list[float]:
        return [row[n] for row, n in zip(shares, kept, strict=True)]

    options = [*combinations(range(len(names)), len(own))]
    most = max(sum(alike(each)) for each in options)
    best = [each for each in options if sum(alike(each)) == most]  # some modules have equal widths
    kept = max(best, key=lambda each: equal_sizes(network, [names[n] for n in each], facts))
    left_out = [name for n, name in enumerate(names) if n not in kept]
    missing = sum(table[names.index(name)].total() for name in left_out)
    fewer = sum(each.total() for each in table) - sum(each.total() for each in own)
    if min(alike(kept)) >= MIN_ALIKE and fewer == missing:
        yield from one_by_one(network, left_out)


def equal_sizes(network: NetworkSpec, kept: Sequence[str], facts: Facts) -> int:
    """The number of modules before which a trace makes maps smaller where the network does."""
    modules = [n for n, each in network.body.layers.items() if begins_with_convolutions(each)]
    left = without_steps(network, [name for name in modules if name not in kept])
    plan = planned(replace(left, heads={}, aux=False))  # which may stand after missing modules
    own = [facts.trace.calls[n].input.shape[2] for n in module_starts(facts)]
    table = [plan.find(name).output[1] for name in kept] if plan else []
    steps = zip(pairwise(own), pairwise(table), strict=False)
    return sum((a > b) == (c > d) for (a, b), (c, d) in steps)


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
    calls, starts = facts.trace.calls, module_starts(facts)
    end = max((n for n, call in enumerate(calls) if call.output.ndim == 4), default=0) + 1
    return [
        Counter(made(of_call(call)) for call in calls[start:stop])
        for start, stop in pairwise([*starts, end])
    ]


def module_starts(facts: Facts) -> list[int]:
    """The places of the first convolutions of the modules of a trace."""
    calls = facts.trace.calls
    places = range(len(calls))
    return [n for n in places if readers_after(calls, n, is_first=True) >= BRANCHES - 1]


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
        others = {a: b, b: a}
        steps = {n: network.body.layers[others.get(n, n)] for n in network.body.layers}
        yield replace(network, body=replace(network.body, layers=steps)), f"{b}, {a}", f"{a}, {b}"


def planned(network: NetworkSpec) -> Plan | None:
    """The plan of a network; None where its input does not fit."""
    with suppress(UsageError):
        return lay_out(network)
    return None


def without_steps(network: NetworkSpec, names: Sequence[str]) -> NetworkSpec:
    """The network without these steps."""
    own = {name: step for name, step in network.body.layers.items() if name not in names}
    return replace(network, body=replace(network.body, layers=own))


def widths(plan: Plan, module: str) -> Counter:
    """The layers with weights of a module, without linear ones and what they read."""
    shapes = shapes_before_linear(plan).items()
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
