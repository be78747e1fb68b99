"""Ranks the candidates by the number of places in which a trace differs from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from common.spec.plan import Plan
from common.tools.check.candidates import Candidate, candidates
from common.tools.check.differences import layer_differences, result_shape
from common.tools.check.dropout import dropout_differences
from common.tools.check.follow import follow
from common.tools.check.reading import Reading
from common.tools.check.trace import Trace

MANY, LITTLE_MORE = 20, 1.1  # differences, and the factor by which a candidate may have more


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


def rivals(found: Sequence[Counted], first: Counted) -> list[Counted]:
    """The next candidate after the first, if both have many differences, and it few more.

    People mean the one with the fewest decisions. More candidates would take too long.
    """
    most = LITTLE_MORE * first.count if first.count >= MANY else 0
    near = [each for each in found if first.count < each.count <= most]
    return sorted(near, key=rank)[:1]


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
