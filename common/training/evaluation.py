"""How good logits are: loss, top-1, top-5, and which class was taken for which."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.data.loader import Batch


@dataclass(frozen=True)
class Scores:
    """The mean loss, shares of images that are right, and a matrix of true class by answer."""

    loss: float
    top1: float
    top5: float
    images: int
    confusion: NDArray[np.int64]


def evaluate(predict: Callable[[NDArray], NDArray], batches: Iterable[Batch]) -> Scores:
    """The scores of what `predict` gives for every batch: logits N x classes."""
    pairs = [(predict(batch.x).astype(np.float64), batch.labels) for batch in batches]
    logits, labels = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return score(logits, labels)


def score(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Scores:
    """The scores of logits N x classes for these labels."""
    images, classes = logits.shape
    answers = logits.argmax(axis=1)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, answers), 1)
    own = logits[np.arange(images), labels]
    rank = (logits > own[:, None]).sum(axis=1)
    return Scores(
        loss=float((log_sum_exp(logits) - own).mean()),
        top1=float((answers == labels).mean()),
        top5=float((rank < 5).mean()),
        images=images,
        confusion=confusion,
    )


def log_sum_exp(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of the sum of exponentials of each row."""
    largest = logits.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(logits - largest).sum(axis=1)) + largest[:, 0])


def probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The softmax of each row."""
    return np.asarray(np.exp(logits - log_sum_exp(logits)[:, None]))
