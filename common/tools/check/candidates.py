"""The published networks that a trace may come from, by the shapes of its layers."""

from collections import Counter

from common import networks
from common.errors import DataError, UsageError
from common.spec import Shape, shape_text
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.tools.check.match import of_call, wanted_shapes
from common.tools.check.trace import Trace

LEAST_LIKENESS = 0.4  # below this, a network is not of this family
NEARLY = 0.3  # plans that are this much less alike than the best are compared as well


def candidates(trace: Trace) -> list[Plan]:
    """The plans whose layers are most similar to those that ran, in the order of `NETWORKS`."""
    plans = [
        plan
        for name in networks.NETWORKS
        for aux in (False, True)
        if (plan := plan_for(trace, name, aux))
    ]
    if not plans:
        size = shape_text(trace.image.shape[1:])
        raise DataError(f"no published network accepts an input of {size}; give another --input")
    ran = Counter(of_call(call) for call in trace.calls)
    likenesses = [likeness(ran, plan) for plan in plans]
    best = max(likenesses)
    if best < LEAST_LIKENESS:
        raise DataError(resemblance(trace, plans[likenesses.index(best)]))
    return [plan for plan, like in zip(plans, likenesses, strict=True) if like >= best - NEARLY]


def likely_input(trace: Trace) -> Shape | None:
    """The input size of the published network most similar to a trace; None if none is similar."""
    ran = Counter(of_call(call) for call in trace.calls)
    plans = [plan for name in networks.NETWORKS if (plan := plan_for(trace, name, False))]
    likenesses = [likeness(ran, plan) for plan in plans]
    if not likenesses or max(likenesses) < LEAST_LIKENESS:
        return None
    name = plans[likenesses.index(max(likenesses))].network.name
    channels = trace.image.shape[1]
    return (channels, *networks.network(name).input[1:])


def plan_for(trace: Trace, name: str, aux: bool) -> Plan | None:
    """The plan of a network for the trace's batch; None where the batch does not fit."""
    output = trace.outputs[0]
    classes = output.shape[1] if output.ndim == 2 else None
    try:
        return make_plan(networks.network(name, trace.image.shape[1:], classes, aux))
    except UsageError:
        return None


def likeness(ran: Counter, plan: Plan) -> float:
    """The fraction of layers, by shape, that a plan and the layers that ran have in common."""
    wanted = Counter(wanted_shapes(plan).values())
    return (ran & wanted).total() / max(ran.total(), wanted.total())


def resemblance(trace: Trace, plan: Plan) -> str:
    """Describes a network of a different family, and where its likeness to a plan ends."""
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
        else "the network ends"
    )
    return (
        f"this network is not of the family: {len(ran)} layers with weights ({counts}); most like "
        f"{plan.network.name}, the first {alike} layers agree, then {where}"
    )
