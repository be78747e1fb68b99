"""The worker's side of evaluation and prediction with trained weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.data.background import on_background
from common.data.datasets import Split
from common.data.images import open_image
from common.data.loader import Loader
from common.data.sources import absolute_source
from common.data.unreadable import find_faults, without
from common.errors import DataError
from common.files import weights
from common.jobs.contract import Runner
from common.jobs.job import Report
from common.jobs.network_work import compute_with, output_function
from common.reference.numerics import softmax
from common.spec.plan import Plan
from common.spec.preprocess import PREPROCESSES
from common.tools.train.scoring_jobs import Evaluate, Predict
from common.training import evaluation
from common.training.record import open_for_scoring, read_recipe

BATCH = 32


def evaluate(job: Evaluate) -> Report:
    """Scores weights on the test split of a data set, at the input size they were made for."""
    data, changes = open_for_scoring(job.data, Path(job.run) if job.run else None, job.classes)
    plan, arrays = read_weights(job)
    if plan.spec.classes < len(data.classes):
        raise DataError(
            f"{weights_label(job)}: weights for {plan.spec.classes} classes, and {job.data} has "
            f"{len(data.classes)}"
        )
    if not job.classes and plan.spec.classes > len(data.classes):
        raise DataError(
            f"{weights_label(job)}: weights for {plan.spec.classes} classes of unknown names, "
            f"and {job.data} has {len(data.classes)}; use data with the same classes in their order"
        )
    loader, faults, inverted = load(job, data.test, plan)
    texts = {"classes": data.classes, "changes": changes}
    chosen = is_own_data(job) and data.val is None
    about = faults | {name: np.array(each, np.str_) for name, each in texts.items()}
    about |= {"chosen": np.array(chosen)}

    def compute(runner: Runner, net: Any) -> Arrays:
        result = evaluation.evaluate(finite_classifier(job, runner, net), loader.in_order())
        scores = {name: np.array(value) for name, value in vars(result).items()}
        return scores | about | {"inverted": np.array(sorted(inverted), np.str_)}

    return compute_with(job, plan, arrays, compute)


def weights_label(job: Evaluate | Predict) -> str:
    """The name of a job's weights in messages; the file itself may be a converted copy."""
    return job.label or job.weights


def is_own_data(job: Evaluate) -> bool:
    """Whether the weights are from a run, and are scored on the run's own data."""
    return bool(job.run) and absolute_source(read_recipe(Path(job.run)).data) == absolute_source(
        job.data
    )


def predict(job: Predict) -> Report:
    """The probability of every class for every image."""
    plan, arrays = read_weights(job)
    files = [Path(file) for file in job.files]
    labels = np.zeros(len(files), np.int64)
    split = Split(labels, lambda i: open_image(files[i]), lambda i: str(files[i]))
    loader, faults, inverted = load(job, split, plan)

    def compute(runner: Runner, net: Any) -> Arrays:
        classify = finite_classifier(job, runner, net)
        logits = [classify(batch.x) for batch in loader.in_order()]
        found: NDArray = softmax(np.concatenate(logits).astype(np.float64))
        return {"probabilities": found, "inverted": np.array(sorted(inverted), np.str_)} | faults

    return compute_with(job, plan, arrays, compute)


def finite_classifier(
    job: Evaluate | Predict, runner: Runner, net: Any
) -> Callable[[NDArray], NDArray]:
    """A function from batches to logits that raises DataError if any are NaN or infinite."""
    classify = output_function(runner, net, job.plain)

    def classify_finite(x: NDArray) -> NDArray:
        logits = classify(x)
        if not np.isfinite(logits).all():
            raise DataError(
                f"{weights_label(job)}: the logits are NaN or infinite: the weights are corrupt, "
                "or were trained with a different --preprocess"
            )
        return logits

    return classify_finite


def read_weights(job: Evaluate | Predict) -> tuple[Plan, Arrays]:
    """The plan of the weights' network and its arrays; raises DataError without a classifier."""
    plan, arrays = weights.read_network(Path(job.weights), job.network)
    if not plan.spec.classes:
        raise DataError(
            f"{weights_label(job)}: the weights have no classifier, so nothing can be predicted"
        )
    return plan, arrays


def load(job: Evaluate | Predict, split: Split, plan: Plan) -> tuple[Loader, Arrays, list[str]]:
    """A loader for the images, and the names and faults of those that are skipped.

    The list receives the names of the images that are inverted while they are read.
    """
    faults = find_faults(split) if job.skip else {}
    split = without(split, set(faults))
    if not len(split):
        raise DataError(f"no image can be read; {next(iter(faults.values()), 'none is given')}")
    # The run's own images stay as they were in training.
    inverts = plan.spec.input[0] == 1 and not (isinstance(job, Evaluate) and is_own_data(job))
    split, inverted = on_background(split, job.background if inverts else "")
    loader = Loader(
        split=split, input=plan.spec.input, size=BATCH, how=PREPROCESSES[job.preprocess]
    )
    texts_by_name = {"skipped": list(faults), "faults": list(faults.values())}
    return (
        loader,
        {name: np.array(texts, np.str_) for name, texts in texts_by_name.items()},
        inverted,
    )
