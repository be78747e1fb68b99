"""The figures of a benchmark: a row for each side of each work."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles

from common.bench.sides import Side, Work
from common.errors import CheckFailed, UsageError, UserError
from common.jobs.timing import OURS


@dataclass(frozen=True)
class Row:
    """What one side reached: seconds of a call by turn, the memory it took at most, how long it
    took from its start to a first result, and how far that was from the judge's."""

    work: Work
    side: Side
    seconds: tuple[float, ...]
    peak_mb: int
    start_seconds: float
    difference: float
    heat: int = 0  # those of one heat took their turns together

    @property
    def images_per_second(self) -> float:
        """The median of the turns."""
        return self.work.batch / median(self.seconds)

    @property
    def low(self) -> float:
        """The rate that a quarter of the turns stay below."""
        return self.work.batch / quantiles(self.seconds, method="inclusive")[2]

    @property
    def high(self) -> float:
        """The rate that a quarter of the turns exceed."""
        return self.work.batch / quantiles(self.seconds, method="inclusive")[0]

    @property
    def seconds_per_image(self) -> float:
        """The median of the turns."""
        return median(self.seconds) / self.work.batch

    def to_json(self) -> dict:
        """The row as scripts read it."""
        return {
            **asdict(self.work),
            **asdict(self.side),
            "images_per_second": self.images_per_second,
            "low": self.low,
            "high": self.high,
            "peak_mb": self.peak_mb,
            "start_seconds": self.start_seconds,
            "difference": self.difference,
        }


@dataclass
class Results:
    """The rows, the errors of own sides that should have one, and why others have none."""

    rows: list[Row] = field(default_factory=list)
    errors: list[UserError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, other: "Results") -> None:
        """Takes in those of another race."""
        self.rows += other.rows
        self.errors += other.errors
        self.notes += other.notes

    def note(self, side: Side, what: str, error: UserError) -> None:
        """Keeps why a side has no row."""
        line = f"{side.name}: {what}: {error}"
        # A precision that a framework does not compute in is no failure of the others.
        unable = side.precision != "float32" and isinstance(error, UsageError)
        if side.mode in OURS and not unable:
            self.errors.append(type(error)(line))
        else:
            self.notes.append(line)

    def raise_if_failed(self) -> None:
        """Raises the first error, if there are any, or where nothing was timed at all."""
        if self.errors:
            raise self.errors[0]
        if not self.rows:
            raise CheckFailed(f"nothing was timed: {'; '.join(self.notes)}")


def times_faster(row: Row, other: Row) -> float:
    """How many times as fast as the other, the median of the turns that they took together."""
    return median(b / a for a, b in zip(row.seconds, other.seconds, strict=True))


def place(row: Row, rows: Sequence[Row]) -> int:
    """1 and one more for each row of the same heat that is faster beyond both spreads."""
    return 1 + sum(other.low > row.high for other in rows if other.heat == row.heat)


def plain_of(row: Row, rows: Sequence[Row]) -> Row | None:
    """The plain row of the same framework and heat, if it is among the rows."""
    side = Side(row.side.framework, "plain")
    plain = [other for other in rows if other.side == side and other.heat == row.heat]
    return plain[0] if plain else None


def by_work(rows: Sequence[Row]) -> dict[Work, list[Row]]:
    """The rows by the work that they did, in order."""
    found: dict[Work, list[Row]] = {}
    for row in rows:
        found.setdefault(row.work, []).append(row)
    return found
