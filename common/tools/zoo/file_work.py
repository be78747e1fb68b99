"""Files that only a framework can read or write: the interface, and the jobs run in a worker."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.files.bundle import unpack
from common.jobs.frameworks import ALL
from common.jobs.job import Report
from common.jobs.network_work import import_and
from common.networks import network
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.tools.zoo.file_jobs import FindLocations, ReadFile, WriteFile


class Writer(Protocol):
    """The `files.py` of a framework that writes files in its own format."""

    def write(self, path: Path, arrays: Mapping[str, NDArray]) -> None:
        """Writes arrays under their names, as the framework's own functions save weights."""


class CheckpointReader(Writer, Protocol):
    """The `files.py` of TensorFlow, which also reads its own checkpoints."""

    def read(self, path: Path) -> Arrays:
        """The arrays in a file that only the framework can read."""

    def locations(self, plan: Plan) -> dict[str, str]:
        """The location of each array of one of our networks in the framework's own files."""

    def published_locations(self, plan: Plan) -> dict[str, str]:
        """The same for the network that the framework itself publishes (keras.applications)."""


def import_files(name: str) -> CheckpointReader:
    """A framework's `files.py`."""
    return cast(CheckpointReader, import_module(f"{ALL[name].folder}.files"))


def read_file(job: ReadFile) -> Report:
    """Reads a file; the report has its arrays."""
    return import_and(job, lambda: import_files(job.framework).read(Path(job.path)))


def write_file(job: WriteFile) -> Report:
    """Writes a file."""

    def write() -> Arrays:
        import_files(job.framework).write(Path(job.out), unpack(Path(job.arrays)))
        return {}

    return import_and(job, write)


def find_locations(job: FindLocations) -> Report:
    """Finds the location of each array of a network in the framework's own files."""

    def find() -> Arrays:
        plan = make_plan(network(job.network, classes=1, aux=job.aux))
        files = import_files(job.framework)
        locations = files.published_locations(plan) if job.published else files.locations(plan)
        return {name: np.array(location) for name, location in locations.items()}

    return import_and(job, find)
