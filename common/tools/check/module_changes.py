"""Modules in another order, or one module left out: changes of a whole network."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from common.errors import UsageError
from common.spec import Concat, NetworkSpec, Shape
from common.spec.plan import Plan
from common.spec.planner import lay_out
from common.tools.check.facts import Facts
from common.tools.check.match import made, of_call, wanted_shapes

MIN_MODULES = 4


def other_modules(network: NetworkSpec, facts: Facts) -> Iterator[tuple[NetworkSpec, str, str]]:
    """Yields the network with two modules swapped or one left out, if the trace shows it.

    With it come the names of the modules in the trace and in the published network. All widths must
    be those of the published network, or all but those of one module.
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


def score(plan: Plan | None, facts: Facts) -> int:
    """The number of traced layers that match a planned layer in weight shape and map size."""
    if plan is None:
        return -1
    wanted, nodes = wanted_shapes(plan), {node.path: node for node in plan.nodes()}
    own = Counter((shape, nodes[name].output[1:]) for name, shape in wanted.items())
    ran = Counter((of_call(call), call.output.shape[2:]) for call in facts.trace.calls)
    return (own & ran).total()
