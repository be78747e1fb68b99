"""The published networks that a trace may be of, by the shapes of its layers."""

from collections import Counter

from common import networks
from common.check.match import of_call, wanted_shapes
from common.check.trace import Trace
from common.errors import DataError, UsageError
from common.plan import Plan
from common.planner import make_plan
from common.spec import Shape, shape_text

LEAST_LIKENESS = 0.4  # below it a network is not of this family
NEARLY = 0.3


def candidates(trace: Trace) -> list[Plan]:
    """The plans whose layers are most like those that ran, in the order of the list."""
    plans = [
        plan
        for name in networks.NETWORKS
        for aux in (False, True)
        if (plan := plan_for(trace, name, aux))
    ]
    if not plans:
        size = shape_text(trace.image.shape[1:])
        raise DataError(f"no published network can be laid out for {size}; give another --input")
    ran = Counter(of_call(call) for call in trace.calls)
    likenesses = [likeness(ran, plan) for plan in plans]
    best = max(likenesses)
    if best < LEAST_LIKENESS:
        raise DataError(resemblance(trace, plans[likenesses.index(best)]))
    return [plan for plan, like in zip(plans, likenesses, strict=True) if like >= best - NEARLY]


def likely_input(trace: Trace) -> Shape | None:
    """The input that the published network most like a trace is made for; None if none is."""
    ran = Counter(of_call(call) for call in trace.calls)
    plans = [plan for name in networks.NETWORKS if (plan := plan_for(trace, name, False))]
    likenesses = [likeness(ran, plan) for plan in plans]
    if not likenesses or max(likenesses) < LEAST_LIKENESS:
        return None
    name = plans[likenesses.index(max(likenesses))].network.name
    channels = trace.image.shape[1]
    return (channels, *networks.network(name).input[1:])


def plan_for(trace: Trace, name: str, aux: bool) -> Plan | None:
    """A network laid out for the trace's batch; None where it does not fit."""
    output = trace.outputs[0]
    classes = output.shape[1] if output.ndim == 2 else None
    try:
        return make_plan(networks.network(name, trace.image.shape[1:], classes, aux))
    except UsageError:
        return None


def likeness(ran: Counter, plan: Plan) -> float:
    """The share of layers that a network and those that ran have in common, by shape."""
    wanted = Counter(wanted_shapes(plan).values())
    return (ran & wanted).total() / max(ran.total(), wanted.total())


def resemblance(trace: Trace, plan: Plan) -> str:
    """What a network of another family looks like, and where that ends."""
    wanted = [*wanted_shapes(plan).values()]
    ran = [of_call(call) for call in trace.calls]
    alike = 0
    for one, other in zip(ran, wanted, strict=False):
        if one != other:
            break
        alike += 1
    kinds = Counter(kind for kind, _ in ran)
    counts = ", ".join(f"{count} x {kind}" for kind, count in kinds.items())
    where = (
        f"its layer {trace.calls[alike].name} has weights {shape_text(trace.calls[alike].shape)}"
        if alike < len(ran)
        else "it ends there"
    )
    return (
        f"this network is not of the family: {len(ran)} layers with weights ({counts}); most like "
        f"{plan.network.name}, the first {alike} layers agree, then {where}"
    )
