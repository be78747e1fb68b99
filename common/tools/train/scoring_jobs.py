"""The jobs of evaluation on a data set and of prediction."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.jobs.job import NetworkJob


@dataclass(frozen=True, kw_only=True)
class Evaluate(NetworkJob):
    """Scores weights on a data set's test split; the report's arrays include the scores by name.

    With the folder of a `run`, classes are matched by the run's class names, and of the run's own
    data only the test images that the run recorded are scored. With `skip`, unreadable images are
    left out. Images on the opposite of `background` ("dark" or "light") are inverted. Other arrays
    of the report: `skipped` and `faults` have the names of unreadable images and the reasons,
    `inverted` the names of inverted ones, `classes` the data's class names, `changes` messages on
    differences from the run's data, and `chosen` says whether the run chose its best weights on
    these images.
    """

    data: str
    preprocess: str
    background: str = ""
    skip: bool = False
    run: str = ""


@dataclass(frozen=True, kw_only=True)
class Predict(NetworkJob):
    """Computes `probabilities`, images x classes, for the images in `files`.

    `skip` and `background` have the same meaning as in Evaluate.
    """

    files: Sequence[str]
    preprocess: str
    background: str = ""
    skip: bool = False
