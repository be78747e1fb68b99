"""The jobs of evaluation on a data set and of prediction."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.jobs.job import NetworkJob


@dataclass(frozen=True, kw_only=True)
class Evaluate(NetworkJob):
    """Scores weights on a data set's test split; the report's arrays include the scores by name.

    `label` is the name of the weights in messages. With the folder of a `run`, only the test images
    that the run recorded are scored of the run's own data. The weights' `classes` are matched with
    the data's by name; if they are unknown, the data must have as many, in the same order. With
    `skip`, unreadable images are left out. Images on the opposite of `background` ("dark" or
    "light") are inverted. Other arrays of the report: `skipped` and `faults` have the names of
    unreadable images and the reasons, `inverted` the names of inverted ones, `classes` the data's
    class names, `changes` messages on differences from the run's data, and `chosen` says whether
    the run chose its best weights on these images.
    """

    data: str
    label: str = ""
    preprocess: str
    background: str = ""
    skip: bool = False
    run: str = ""
    classes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Predict(NetworkJob):
    """Computes `probabilities`, images x classes, for the images in `files`.

    `skip` and `background` have the same meaning as in Evaluate.
    """

    files: Sequence[str]
    label: str = ""
    preprocess: str
    background: str = ""
    skip: bool = False
