"""Jobs: what a worker is asked to do, as data, and what it reports.

A job is a class in a module `X_jobs.py`. The function that does it is in the module `X_work.py` of
the same folder; its name is that of the class in snake_case, by which `worker.perform` looks it up.
The parent imports only the former module, and the worker both. Paths are strings, since a job is
written to a JSON file for the worker.
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

    `plain` disables performance optimisations. The worker inherits the file descriptors in `held`,
    and so keeps the locks on them. `turns` is the number of turns in which a worker that is timed
    computes, each at a signal from its parent; 0 if it is not timed. After a job that
    `runs_user_code`, all processes that it has started are killed.
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
    """A job as JSON, with the module and name of its class."""
    kind = type(job)
    return json.dumps({"kind": f"{kind.__module__}:{kind.__name__}"} | asdict(job))


def from_json(text: str) -> Job:
    """The job that `to_json` wrote."""
    fields = json.loads(text)
    module, _, name = fields.pop("kind").partition(":")
    job: Job = getattr(import_module(module), name)(**fields)
    return job


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result of a job: arrays by name, and measurements of the worker.

    `version` and `parameters` are the framework's version and its own count of parameters;
    `import_seconds` is the time to import the framework and choose the device, `seconds` the time
    to build the network and compute; `megabytes` is the worker's peak memory.
    """

    arrays: Arrays
    version: str
    parameters: int
    import_seconds: float
    seconds: float
    megabytes: int = 0

    def metrics(self) -> dict:
        """Everything except the arrays."""
        return {name: value for name, value in vars(self).items() if name != "arrays"}
