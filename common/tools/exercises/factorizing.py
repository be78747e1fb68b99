"""The exercises of chapter 7, factorizing convolutions."""

from math import log

import numpy as np
from numpy.typing import NDArray

from common.reference.numerics import log_softmax
from common.tools.exercises.exercise import Exercise, wrong


def saved(n: int) -> float:
    """The share of weights that 1 x n and n x 1 save, with as many channels everywhere."""
    return 1 - 2 / n


def smoothed_target(classes: int, label: int, epsilon: float) -> NDArray:
    """The target of label smoothing."""
    return np.asarray((1 - epsilon) * np.eye(classes)[label] + epsilon / classes)


def smoothed_loss(logits: NDArray, label: int, epsilon: float) -> float:
    """The cross-entropy with label smoothing."""
    target = smoothed_target(len(logits), label, epsilon)
    return float(-(target * log_softmax(logits, axis=0)).sum())


def without_own_share(logits: NDArray, label: int, epsilon: float) -> float:
    """The mistake that gives epsilon to the other classes only."""
    target = np.full(len(logits), epsilon / (len(logits) - 1))
    target[label] = 1 - epsilon
    return float(-(target * log_softmax(logits, axis=0)).sum())


def unscaled(logits: NDArray, label: int, epsilon: float) -> float:
    """The mistake whose target does not add up to 1."""
    target = np.eye(len(logits))[label] + epsilon / len(logits)
    return float(-(target * log_softmax(logits, axis=0)).sum())


def of_probabilities(logits: NDArray, label: int, epsilon: float) -> float:
    """The mistake that takes the softmax twice."""
    return smoothed_loss(np.exp(log_softmax(logits, axis=0)), label, epsilon)


def largest_gap(classes: int, epsilon: float) -> float:
    """The distance between the logits of the right and of a wrong class where the loss is least."""
    return log(classes * (1 - epsilon) / epsilon + 1)


LOGITS = np.random.default_rng(7).normal(size=(2, 5))
TRIPLES = ((LOGITS[0], 2, 0.1), (LOGITS[1], 0, 0.3), (LOGITS[1], 4, 0.0))
REDUCE, FIRST, SECOND = 192 * 64, 9 * 64 * 96, 9 * 96 * 96
STRIDED = 9 * 288 * 384

EXERCISES = (
    Exercise(
        name="saved",
        right=saved,
        cases=((3,), (5,), (7,)),
        mistakes=(
            wrong(lambda n: 2 / n, "this is the share that remains, not the share that is saved"),
            wrong(lambda n: 1 - 1 / n, "there are two layers, each with n weights for each pair"),
            wrong(lambda n: 1 - 2 / n**2, "each of the two layers has n weights for each pair"),
            wrong(lambda n: 100 * saved(n), "give a share between 0 and 1, not a percentage"),
            wrong(lambda n: n / 2, "this is how many times as many weights the square has"),
        ),
    ),
    Exercise(
        name="branch_weights",
        right=lambda: REDUCE + FIRST + SECOND,
        mistakes=(
            wrong(FIRST + SECOND, "the 1x1 reduction is missing"),
            wrong(REDUCE + 25 * 64 * 96, "this is the branch with the 5x5 that it replaces"),
            wrong(REDUCE + 2 * FIRST, "the second 3x3 has as many input channels as outputs"),
            wrong(REDUCE + FIRST + SECOND + 256, "with batch norm there are no biases"),
            wrong(9 * 192 * 64 + FIRST + SECOND, "the first kernel is 1x1"),
        ),
    ),
    Exercise(
        name="reduction_multiply_adds",
        right=lambda: STRIDED * 17 * 17,
        mistakes=(
            wrong(STRIDED * 35 * 35, "with stride 2 only the outputs that are kept are computed"),
            wrong(STRIDED * 18 * 18, "there is no padding; compute the size of the output again"),
            wrong(STRIDED * 17, "a map has rows and columns"),
            wrong(STRIDED, "these are the weights; each is used once at every place"),
            wrong(9 * 384 * 17 * 17, "each filter covers all input channels"),
        ),
    ),
    Exercise(
        name="smoothed_loss",
        right=smoothed_loss,
        cases=TRIPLES,
        mistakes=(
            wrong(
                lambda z, label, _: smoothed_loss(z, label, 0.0),
                "epsilon has no effect; this is the loss without smoothing",
            ),
            wrong(
                without_own_share,
                "epsilon is divided among all classes, the right one included",
            ),
            wrong(unscaled, "the target must add up to 1"),
            wrong(of_probabilities, "the softmax is taken twice"),
            wrong(
                lambda z, label, eps: -smoothed_loss(z, label, eps),
                "the sign is wrong: a loss is not negative",
            ),
        ),
    ),
    Exercise(
        name="largest_gap",
        right=largest_gap,
        cases=((10, 0.1), (1000, 0.1), (4, 0.2)),
        mistakes=(
            wrong(
                lambda k, eps: log(k * (1 - eps) / eps),
                "the right class also has its share of epsilon",
            ),
            wrong(
                lambda k, eps: log((k - 1) * (1 - eps) / eps),
                "epsilon is divided among all classes, the right one included",
            ),
            wrong(lambda k, eps: k * (1 - eps) / eps + 1, "this is a ratio of probabilities"),
            wrong(lambda _, eps: log((1 - eps) / eps), "it depends on the number of classes"),
            wrong(
                lambda k, eps: -largest_gap(k, eps),
                "the logit of the right class is the larger one, so the gap is positive",
            ),
        ),
    ),
)
