"""The results of a benchmark: a row for each contestant of each workload."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles

from common.errors import CheckFailed, UsageError, UserError
from common.tools.bench.contestants import OURS, Contestant
from common.tools.bench.workload import Work


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The measurements of one contestant.

    `seconds` has the median duration of a call in each turn, `peak_mb` is the peak memory,
    `start_seconds` the time from the start to the first result, and `difference` how far that
    result was from the reference.
    """

    work: Work
    contestant: Contestant
    seconds: tuple[float, ...]
    peak_mb: int
    start_seconds: float
    difference: float
    group: int = 0  # rows of one group took turns in the same race

    @property
    def images_per_second(self) -> float:
        """The rate in the median turn."""
        return self.work.batch / median(self.seconds)

    @property
    def low(self) -> float:
        """The lower quartile of the turns' rates."""
        return self.work.batch / quantiles(self.seconds, method="inclusive")[2]

    @property
    def high(self) -> float:
        """The upper quartile of the turns' rates."""
        return self.work.batch / quantiles(self.seconds, method="inclusive")[0]

    @property
    def seconds_per_image(self) -> float:
        """The time per image in the median turn."""
        return median(self.seconds) / self.work.batch

    def to_json(self) -> dict:
        """The row as a dictionary for JSON output."""
        return {
            **asdict(self.work),
            **asdict(self.contestant),
            "images_per_second": self.images_per_second,
            "low": self.low,
            "high": self.high,
            "peak_mb": self.peak_mb,
            "start_seconds": self.start_seconds,
            "difference": self.difference,
        }


@dataclass
class Results:
    """The rows, the errors of this project's contestants, and notes on others without a row."""

    rows: list[Timing] = field(default_factory=list)
    errors: list[UserError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, other: "Results") -> None:
        """Adds the results of another race."""
        self.rows += other.rows
        self.errors += other.errors
        self.notes += other.notes

    def note(self, contestant: Contestant, what: str, error: UserError) -> None:
        """Records why a contestant has no row."""
        line = f"{contestant.name}: {what}: {error}"
        # A precision that a framework does not support is not an error.
        unable = contestant.precision != "float32" and isinstance(error, UsageError)
        if contestant.mode in OURS and not unable:
            self.errors.append(type(error)(line))
        else:
            self.notes.append(line)

    def raise_if_failed(self) -> None:
        """Raises the first error if there is one, or CheckFailed if nothing was timed."""
        if self.errors:
            raise self.errors[0]
        if not self.rows:
            raise CheckFailed(f"nothing was timed: {'; '.join(self.notes)}")


def times_faster(row: Timing, other: Timing) -> float:
    """The median speed-up of `row` over `other` in the turns that they took together."""
    return median(b / a for a, b in zip(row.seconds, other.seconds, strict=True))


def place(row: Timing, rows: Sequence[Timing]) -> int:
    """The place of a row: 1 plus the number of rows in its group that are clearly faster.

    That is, whose lower quartile is above the row's upper quartile.
    """
    return 1 + sum(other.low > row.high for other in rows if other.group == row.group)


def plain_of(row: Timing, rows: Sequence[Timing]) -> Timing | None:
    """The plain row of the same framework and group, or None if there is none."""
    contestant = Contestant(framework=row.contestant.framework, mode="plain")
    plain = [other for other in rows if other.contestant == contestant and other.group == row.group]
    return plain[0] if plain else None


def by_work(rows: Sequence[Timing]) -> dict[Work, list[Timing]]:
    """The rows grouped by workload, in order."""
    groups: dict[Work, list[Timing]] = {}
    for row in rows:
        groups.setdefault(row.work, []).append(row)
    return groups
