"""The results of a benchmark, read from the file that `bench --json` wrote."""

import json
from pathlib import Path
from typing import Annotated, Any

from markupsafe import Markup
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from common.errors import DataError
from common.tools.bench.contestants import Contestant
from common.tools.page.plots import rate_plot

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True, config=ConfigDict(extra="ignore"), kw_only=True)
class BenchRow:
    """The part of a benchmark's row that the page shows."""

    network: str
    framework: str
    mode: str
    task: str
    batch: int
    size: int
    precision: str
    images_per_second: Rate
    low: Rate
    high: Rate
    peak_mb: int
    of_limit: Rate | None = None

    @property
    def contestant(self) -> str:
        """The name of the contestant."""
        return Contestant(framework=self.framework, mode=self.mode, precision=self.precision).name

    @property
    def work(self) -> str:
        """The workload: task, batch and input size."""
        return f"{self.task}, batch {self.batch}, {self.size} x {self.size}"


@dataclass(frozen=True, config=ConfigDict(extra="ignore"))
class Machine:
    """The machine on which the benchmark ran."""

    processor: str
    cores: int


@dataclass(frozen=True)
class Speed:
    """A network's results by workload."""

    machine: Machine
    works: dict[str, list[BenchRow]]


def read_speed(path: Path, network: str) -> Speed:
    """A benchmark's results for one network; raises DataError for a file without any."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError:
        found = None
    return make_speed(found, network, str(path))


def make_speed(document: Any, network: str, source: str) -> Speed:
    """The results for one network from the output of `bench --json`."""
    try:
        machine = TypeAdapter(Machine).validate_python(document["machine"])
        rows = TypeAdapter(list[BenchRow]).validate_python(document["rows"])
    except (ValidationError, KeyError, TypeError):
        raise DataError(f"{source}: is not an output of `googlenet bench --json`") from None
    works: dict[str, list[BenchRow]] = {}
    for row in rows:
        if row.network == network:
            works.setdefault(row.work, []).append(row)
    if not works:
        there = ", ".join(sorted({row.network for row in rows})) or "nothing"
        raise DataError(f"{source}: a benchmark of {there}, not {network}")
    for own in works.values():
        own.sort(key=lambda row: row.framework)  # and each framework's in the order of the file
    return Speed(machine, works)


def rate_plots(speed: Speed) -> list[Markup]:
    """The bars of each workload, grouped by framework."""
    found = []
    for number, own in enumerate(speed.works.values()):
        rates = [(r.framework, r.contestant, r.images_per_second, r.low, r.high) for r in own]
        found.append(Markup(rate_plot(rates, f"speed-{number}")))
    return found
