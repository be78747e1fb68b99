"""The published networks that a trace may come from, by the shapes of its layers."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace

from common import networks
from common.errors import DataError, UsageError
from common.spec import NetworkSpec, Shape, shape_text
from common.spec.plan import Plan
from common.spec.planner import lay_out
from common.tools.check.changes import changed
from common.tools.check.describe import Difference
from common.tools.check.facts import facts_of
from common.tools.check.match import made, of_call, wanted_shapes
from common.tools.check.proposals import PROPOSALS, stem_changes
from common.tools.check.trace import Trace

MIN_LIKENESS = 0.4  # below this, a network is not of this family
NEARLY = 0.3  # plans that are this much less alike than the best are compared as well
MOST_USED = 0.9  # of the parameters; of fewer, the error says so
FEW = 3  # plans with this many changes more than the least are compared as well


@dataclass(frozen=True)
class Candidate:
    """A published network's plan after the changes of a whole network that a trace shows."""

    plan: Plan
    changes: tuple[Difference, ...] = ()


def candidates(trace: Trace, heads: bool) -> list[Candidate]:
    """The plans whose layers are most similar to those that ran, in the order of `NETWORKS`.

    With `heads`, a network that has heads is compared with them: otherwise heads that differ much
    would be left out, and the rest called equal.
    """
    found = [
        each
        for name in networks.NETWORKS
        for aux in with_or_without(name, trace, heads)
        if (each := candidate_for(trace, name, aux))
    ]
    likenesses = [likeness(trace, each.plan) for each in found]
    best = max(likenesses)
    if best < MIN_LIKENESS:
        raise DataError(resemblance(trace, found[likenesses.index(best)].plan))
    near = [each for each, like in zip(found, likenesses, strict=True) if like >= best - NEARLY]
    least = min(len(each.changes) for each in near)
    near = [each for each in near if len(each.changes) <= least + FEW]
    return [*near, *(other for each in near if (other := with_own_stem(trace, each)))]


def with_or_without(name: str, trace: Trace, heads: bool) -> tuple[bool, ...]:
    """Whether a network is compared without its heads, with them, or both ways."""
    if len(trace.outputs) == 1:
        return (False,)
    return (True,) if heads and networks.network(name).heads else (False, True)


def likely_input(trace: Trace) -> Shape | None:
    """The input size of the published network most similar to a trace; None if none is similar."""
    found = [each for name in networks.NETWORKS if (each := candidate_for(trace, name, False))]
    likenesses = [likeness(trace, each.plan) for each in found]
    if max(likenesses) < MIN_LIKENESS:
        return None
    name = found[likenesses.index(max(likenesses))].plan.spec.name
    channels = trace.image.shape[1]
    return (channels, *networks.network(name).input[1:])


def candidate_for(trace: Trace, name: str, aux: bool) -> Candidate | None:
    """A network changed as the trace shows; None where it has no heads, or the changes fail.

    Where the trace's input does not fit the network, its plan is that for the published input: the
    comparison takes all sizes from the trace.
    """
    output = trace.outputs[0]
    if output.ndim < 2:
        raise DataError(f"its output has the shape {output.shape}, not one score for each class")
    classes = output.shape[1] if output[0].size == output.shape[1] else None
    shape = trace.image.shape[1:]
    try:
        own = changed(networks.network(name, shape, classes, aux), facts_of(trace), PROPOSALS)
        return Candidate(fitting_plan(own.network, shape, published(name, trace)), own.differences)
    except UsageError:
        return None


def published(name: str, trace: Trace) -> Shape:
    """The published input of a network, with the channels of the trace."""
    return (trace.image.shape[1], *networks.network(name).input[1:])


def with_own_stem(trace: Trace, candidate: Candidate) -> Candidate | None:
    """A candidate with the first layers of the trace; None if these are the published ones."""
    network = candidate.plan.spec
    stem = changed(network, facts_of(trace), (stem_changes,))
    if not stem.differences:
        return None
    shapes = trace.image.shape[1:], published(network.name, trace)
    with suppress(UsageError):  # a stem that was misread
        plan = fitting_plan(stem.network, *shapes)
        return Candidate(plan, (*candidate.changes, *stem.differences))
    return None


def fitting_plan(network: NetworkSpec, *shapes: Shape) -> Plan:
    """The plan of a network for the first of these inputs that fits; raises UsageError."""
    for shape in shapes[:-1]:
        with suppress(UsageError):
            return lay_out(replace(network, input=shape))
    return lay_out(replace(network, input=shapes[-1]))


def likeness(trace: Trace, plan: Plan) -> float:
    """The fraction of layers that a plan and the layers that ran have in common.

    Two layers are alike if their weights have the same shape or, for fewer points, if they differ
    only in what they read: one wrong width changes the shapes of all layers that read it.
    """
    wanted = list(wanted_shapes(plan).values())
    ran = [of_call(call) for call in trace.calls]
    most = max(len(ran), len(wanted))
    exact = (Counter(ran) & Counter(wanted)).total() / most
    roughly = (Counter(map(made, ran)) & Counter(map(made, wanted))).total() / most
    return max(exact, roughly - 0.1)


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
    where = "the network ends"
    if alike < len(ran):
        call = trace.calls[alike]
        where = f"its layer {call.name} has weights {shape_text(call.shape)}"
        if alike < len(wanted):
            where += f", not {shape_text(wanted[alike][1])}"
    share = likeness(trace, plan)
    if trace.used < MOST_USED:
        where += f"; in evaluation, only {trace.used:.0%} of its parameters are used"
    return (
        f"too unlike each network published here to be compared: {len(ran)} layers with weights "
        f"({counts}); {share:.0%} are those of {plan.spec.name}, of which the first {alike} agree; "
        f"then {where}{''.join(f'; {note}' for note in trace.notes)}"
    )
