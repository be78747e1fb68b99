"""The scores of logits: loss, top-1 and top-5 accuracy, and the confusion matrix."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.data.loader import Batch
from common.reference.numerics import cross_entropy


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The mean loss, top-1 and top-5 accuracy, and a confusion matrix (true class x prediction)."""

    loss: float
    top1: float
    top5: float
    images: int
    confusion: NDArray[np.int64]


def evaluate(predict: Callable[[NDArray], NDArray], batches: Iterable[Batch]) -> Scores:
    """The scores of the logits N x classes that `predict` returns for each batch."""
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
        loss=cross_entropy(logits, labels, smoothing=0)[0],
        top1=float((answers == labels).mean()),
        top5=float((rank < 5).mean()),
        images=images,
        confusion=confusion,
    )
