"""The verdict on a user's network: which network it is and where it differs.

Each difference is reported with its effect and the published variants that share it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from common.errors import DataError
from common.spec import shape_text
from common.spec.plan import Plan
from common.tools.check.candidates import Candidate, candidate_for, with_or_without
from common.tools.check.decisions import decisions
from common.tools.check.describe import GROUP_NORM, LAYER_NORM, Difference
from common.tools.check.differences import layer_differences, unexplained, unused
from common.tools.check.dropout import dropout_differences
from common.tools.check.effects import with_effects
from common.tools.check.far_apart import joined_where_far_apart
from common.tools.check.follow import follow
from common.tools.check.joined_norms import with_separate_norms
from common.tools.check.ranking import best_of, count_all, is_exact, rank, rivals
from common.tools.check.reading import Reading
from common.tools.check.trace import Trace
from common.tools.check.training_step import training_differences
from common.tools.check.where_made import lines_of_places

NO_DROPOUT = "dropout missing"  # of no effect in evaluation, so it counts only with --grad
FEW = 5  # decisions: with more, a similar network may explain them better
SMALL = 64  # pixels: images for which people write first layers of their own


@dataclass(frozen=True, kw_only=True)
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
    trace: Trace

    @property
    def parameters(self) -> int:
        """The number of parameters that the user's network reports."""
        return self.trace.parameters

    @property
    def status(self) -> str:
        """The verdict: "unexplained", "differs" or "equal".

        A network without the published dropout is equal, unless a training step was compared.
        """
        if self.unexplained:
            return "unexplained"
        counts = [each for each in self.every if self.trace.after or each.what != NO_DROPOUT]
        return "differs" if counts else "equal"

    @property
    def compares_step(self) -> bool:
        """Whether a training step was compared, which happens where the results are equal."""
        return bool(self.trace.after) and not self.differences and not self.unexplained

    @property
    def decisions(self) -> list[Difference]:
        """The differences, those of one decision as one, each with all its places and its kind."""
        is_small = max(self.trace.image.shape[2:]) <= SMALL
        return decisions(self.every, is_small=is_small, probabilities=self.trace.probabilities)

    @property
    def every(self) -> tuple[Difference, ...]:
        """All differences."""
        return (*self.differences, *self.unexplained, *self.in_training)


def reach_verdict(trace: Trace, asked: str | None, heads: bool) -> Verdict:
    """The verdict on a trace, compared with the requested network or the nearest one.

    With `heads`, the auxiliary heads must be those of the network, too. Raises DataError if the
    network is not of this family.
    """
    trace = with_separate_norms(trace)
    computed: dict[tuple[int, str], int] = {}
    counted = count_all(trace, asked, heads, computed)
    first = best_of(counted)
    alike = [each for each in counted if not each.count and is_exact(each)]
    if trace.after:
        alike = [each for each in alike if rank(each) == rank(first)]
    near = [explain(first.candidate, trace, computed)]
    if near[0].count > FEW:
        near += [explain(each.candidate, trace, computed) for each in rivals(counted, first)]
    nearest = min(near, key=lambda each: each.count)
    chosen = nearest
    if asked:
        held = [each for each in counted if each.plan.spec.name == asked]
        candidate = best_of(held).candidate if held else must_fit(trace, asked, heads)
        known = [each for each in near if each.candidate is candidate]
        chosen = known[0] if known else explain(candidate, trace, computed)
        nearest = min(chosen, nearest, key=lambda each: each.count)
    return Verdict(
        asked=asked,
        plan=chosen.candidate.plan,
        nearest=nearest.candidate.plan.spec.name,
        nearest_differences=nearest.count,
        same=tuple(dict.fromkeys(each.plan.spec.name for each in alike)),
        differences=tuple(with_effects(chosen.own, chosen.reading)),
        unexplained=tuple(chosen.unclear),
        in_training=tuple(chosen.in_training),
        unused=unused(chosen.reading),
        trace=trace,
    )


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A candidate with its differences: its own, those unexplained, and those in training."""

    candidate: Candidate
    reading: Reading
    own: list[Difference]
    unclear: Sequence[Difference]
    in_training: Sequence[Difference]

    @cached_property
    def count(self) -> int:
        """The number of decisions among the differences."""
        return len(decisions([*self.own, *self.unclear, *self.in_training], is_small=False))


def explain(candidate: Candidate, trace: Trace, computed: dict[tuple[int, str], int]) -> Explained:
    """Compares a trace with a candidate, and explains the differences."""
    reading = follow(candidate.plan, trace, True, computed)
    own, unclear = all_differences(candidate, reading)
    found: Iterable[Difference] = ()
    if trace.drops is not None:
        trained = trace.after and not own and not reading.unexplained
        found = training_differences(reading) if trained else dropout_differences(reading)
    unknown = {place for each in unclear for place in each.places}
    return Explained(
        candidate=candidate,
        reading=reading,
        own=own,
        unclear=unclear,
        in_training=[each for each in found if each.layer not in unknown],
    )


def all_differences(
    candidate: Candidate, reading: Reading
) -> tuple[list[Difference], list[Difference]]:
    """The differences of a reading after its candidate's changes, and those unexplained."""
    changes = [located(each, reading) for each in candidate.changes]
    found, unclear = joined_where_far_apart(
        [*layer_differences(reading)], [*unexplained(reading)], reading
    )
    unknown = {place for each in unclear for place in each.places}
    # A layer in a part that is not explained may only not have been found.
    sure = [e for e in found if e.layer not in unknown or not e.what.endswith(" missing")]
    return without_repeats(changes, sure), unclear


def located(change: Difference, reading: Reading) -> Difference:
    """A change with its lines, and without places in a stem that a later change has replaced.

    Layers that are missing are not among its places. It keeps all places if none is left: a module
    that is missing is not in the plan.
    """
    steps = {child.name for root in reading.plan.roots() for child in root.children}
    gone = {name for name, op in reading.graph.items() if op.layer is None}
    left = tuple(each for each in change.places if each.partition(".")[0] in steps)
    left = tuple(each for each in left if each not in gone) or left
    places = left or change.places
    return replace(change, places=places, lines=lines_of_places(reading, places))


def without_repeats(changes: Sequence[Difference], found: Sequence[Difference]) -> list[Difference]:
    """The changes and the differences, without those that a change already reports."""
    reported = {
        what
        for kind, what in (("group", GROUP_NORM), ("layer", LAYER_NORM))
        if any(each.what.startswith(f"{kind} norm after") for each in changes)
    }
    if any(each.what.startswith("convolutions: biases") for each in changes):
        reported.add("depthwise convolution: bias")
    return [*changes, *(each for each in found if each.what not in reported)]


def must_fit(trace: Trace, name: str, heads: bool) -> Candidate:
    """The changed plan of a network; raises DataError where it does not fit the trace."""
    found = candidate_for(trace, name, with_or_without(name, trace, heads)[0])
    if found is None:
        size = shape_text(trace.image.shape[1:])
        raise DataError(f"{name} cannot take an input of {size}; set a different --input")
    return found
