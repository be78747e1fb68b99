"""The job of training."""

from dataclasses import dataclass

from common.jobs.job import Job


@dataclass(frozen=True, kw_only=True)
class Train(Job):
    """Trains a run from the current state in its folder; SIGINT ends it after the current step."""

    folder: str
