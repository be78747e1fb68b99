"""The verdict on a user's network: which network it is and where it differs.

Each difference is reported with its effect and the published variants that share it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from common.errors import DataError
from common.spec import shape_text
from common.spec.plan import Plan
from common.tools.check.candidates import Candidate, candidate_for, candidates, with_or_without
from common.tools.check.decisions import decisions
from common.tools.check.describe import GROUP_NORM, LAYER_NORM, Difference
from common.tools.check.differences import layer_differences, result_shape, unexplained, unused
from common.tools.check.dropout import dropout_differences
from common.tools.check.effects import with_effects
from common.tools.check.far_apart import joined_where_far_apart
from common.tools.check.follow import follow
from common.tools.check.reading import Reading
from common.tools.check.trace import Trace
from common.tools.check.training_step import training_differences
from common.tools.check.where_made import lines_of_places

NO_DROPOUT = "dropout missing"  # of no effect in evaluation, so it counts only with --grad
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
    computed: dict[tuple[int, str], int] = {}
    counted = count_all(trace, asked, heads, computed)
    nearest = best_of(counted)
    alike = [each for each in counted if not each.count and is_exact(each)]
    if trace.after:
        alike = [each for each in alike if rank(each) == rank(nearest)]
    held = [each for each in counted if each.plan.spec.name == asked]
    chosen = best_of(held).candidate if held else nearest.candidate
    if asked and not held:
        chosen = must_fit(trace, asked, heads)
    reading = follow(chosen.plan, trace, True, computed)
    own, unclear = all_differences(chosen, reading)
    trained = trace.after and not own and not reading.unexplained
    found = training_differences(reading) if trained else dropout_differences(reading)
    unknown = {place for each in unclear for place in each.places}
    in_training = [each for each in found if each.layer not in unknown]
    in_training = in_training if trace.drops is not None else []
    least, name = count_of([*own, *unclear, *in_training]), chosen.plan.spec.name
    if chosen is not nearest.candidate:
        least, name = min((least, name), count_beside(nearest.candidate, trace, computed))
    return Verdict(
        asked=asked,
        plan=chosen.plan,
        nearest=name,
        nearest_differences=least,
        same=tuple(dict.fromkeys(each.plan.spec.name for each in alike)),
        differences=tuple(with_effects(own, reading)),
        unexplained=tuple(unclear),
        in_training=tuple(in_training),
        unused=unused(reading),
        trace=trace,
    )


def all_differences(
    candidate: Candidate, reading: Reading
) -> tuple[list[Difference], list[Difference]]:
    """The differences of a reading after its candidate's changes, and those unexplained."""
    changes = [located(each, reading) for each in candidate.changes]
    found, unclear = joined_where_far_apart(
        [*layer_differences(reading)], [*unexplained(reading)], reading
    )
    return without_repeats(changes, found), unclear


def located(change: Difference, reading: Reading) -> Difference:
    """A change with its lines, and without places in a stem that a later change has replaced.

    It keeps all places if none is left: a module that is missing is not in the plan.
    """
    steps = {child.name for root in reading.plan.roots() for child in root.children}
    left = tuple(each for each in change.places if each.partition(".")[0] in steps)
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


def count_beside(
    candidate: Candidate, trace: Trace, computed: dict[tuple[int, str], int]
) -> tuple[int, str]:
    """The number of decisions of a candidate that is not the one compared, and its name."""
    reading = follow(candidate.plan, trace, True, computed)
    own, unclear = all_differences(candidate, reading)
    drops = [*dropout_differences(reading)] if trace.drops is not None else []
    return count_of([*own, *unclear, *drops]), candidate.plan.spec.name


def count_of(found: Sequence[Difference]) -> int:
    """The number of decisions among differences."""
    return len(decisions(found, is_small=False))


def count_all(
    trace: Trace, asked: str | None, heads: bool, computed: dict[tuple[int, str], int]
) -> list["Counted"]:
    """The candidates with their readings, which end early where others differ in fewer places."""
    counted, best = [], inf
    for each in sorted(candidates(trace, heads), key=lambda each: len(each.changes)):
        most = inf if each.plan.spec.name == asked else best - len(each.changes)
        counted.append(Counted(each, follow(each.plan, trace, False, computed, most)))
        best = min(best, counted[-1].count)
    return counted


@dataclass(frozen=True)
class Counted:
    """A candidate and its reading, in which differences are only counted."""

    candidate: Candidate
    reading: Reading

    @property
    def plan(self) -> Plan:
        """The candidate's plan."""
        return self.candidate.plan

    @property
    def count(self) -> int:
        """The number of changes, and of the places that differ after them."""
        return self.reading.count + len(self.candidate.changes)


def best_of(found: Sequence[Counted]) -> Counted:
    """The candidate with the fewest differences; of several, that with the fewest in dropout."""
    least = min(each.count for each in found)
    return min((each for each in found if each.count == least), key=rank)


def rank(counted: Counted) -> tuple[int, int]:
    """The number of differences, and of those in dropout if that was compared."""
    has_drops = counted.reading.trace.drops is not None
    drops = dropout_differences(counted.reading) if has_drops else ()
    return counted.count, len([*drops])


def is_exact(counted: Counted) -> bool:
    """Whether a reading without mismatches has no differences at all, however small."""
    own = counted.reading
    if not own.rough:
        return not [*result_shape(own)]
    reading = follow(own.plan, own.trace, True, own.computed)
    return not [*layer_differences(reading), *reading.unexplained]


def must_fit(trace: Trace, name: str, heads: bool) -> Candidate:
    """The changed plan of a network; raises DataError where it does not fit the trace."""
    found = candidate_for(trace, name, with_or_without(name, trace, heads)[0])
    if found is None:
        size = shape_text(trace.image.shape[1:])
        raise DataError(f"{name} cannot take an input of {size}; set a different --input")
    return found
