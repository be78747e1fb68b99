"""Jobs: what a worker is asked to do, as data, and what it reports.

A job that is defined in `X_jobs.py` is done by the function of the same name in `X_work.py`, in the
same folder: the parent imports only the former, the worker imports both. Paths are strings, since a
job is written to a JSON file for the worker.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import ClassVar

from common.arrays import Arrays

# In bfloat16, products are computed in bfloat16; weights and sums stay in float32.
DTYPES = ("float32", "float64", "bfloat16")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job for one framework.

    `plain` disables performance optimisations. The file descriptors in `held` stay open until the
    worker has ended. With `turns`, the worker computes only when its parent signals it. A job that
    `runs_user_code` leaves no process behind.
    """

    runs_user_code: ClassVar[bool] = False
    framework: str
    device: str = "cpu"
    plain: bool = False
    held: Sequence[int] = ()
    turns: int = 0


@dataclass(frozen=True, kw_only=True)
class NetworkJob(Job):
    """A job that computes with a network and the weights in a file."""

    network: str
    weights: str
    dtype: str = "float32"


def to_json(job: Job) -> str:
    """A job as JSON."""
    kind = type(job)
    return json.dumps({"kind": f"{kind.__module__}:{kind.__name__}"} | asdict(job))


def from_json(text: str) -> Job:
    """The job that `to_json` wrote."""
    fields = json.loads(text)
    module, _, name = fields.pop("kind").partition(":")
    job: Job = getattr(import_module(module), name)(**fields)
    return job


@dataclass(frozen=True)
class Report:
    """The result of a job: arrays by name, and figures about the run.

    `parameters` is the framework's own count; `megabytes` is the worker's peak memory.
    """

    arrays: Arrays
    version: str
    parameters: int
    import_seconds: float
    seconds: float
    megabytes: int = 0

    def figures(self) -> dict:
        """Everything except the arrays."""
        return {name: value for name, value in vars(self).items() if name != "arrays"}
