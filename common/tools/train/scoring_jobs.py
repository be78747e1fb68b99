"""The jobs of evaluation on a data set and of prediction."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.jobs.job import NetworkJob


@dataclass(frozen=True, kw_only=True)
class Evaluate(NetworkJob):
    """Scores weights on a data set's test split; the report's arrays are the scores by name.

    With `skip`, unreadable images are left out: `skipped` lists their names, `faults` the reasons.
    With the folder of a `run`, classes are matched by its class names and its own test images are
    scored. `classes` has the data's class names, `changes` the differences from the run's data.
    """

    data: str
    preprocess: str
    skip: bool = False
    run: str = ""


@dataclass(frozen=True, kw_only=True)
class Predict(NetworkJob):
    """Computes `probabilities`, images x classes, for the images in `files`.

    `skip` has the same meaning as in Evaluate.
    """

    files: Sequence[str]
    preprocess: str
    skip: bool = False
