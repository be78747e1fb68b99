"""The job of training."""

from dataclasses import dataclass

from common.jobs.job import Job


@dataclass(frozen=True, kw_only=True)
class Train(Job):
    """Trains the run in a folder from its current state; SIGINT ends it after the current step."""

    folder: str
