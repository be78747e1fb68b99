"""The exercises of chapter 4, the auxiliary classifiers."""

from math import log, log2, log10

import numpy as np

from common.reference.numerics import log_softmax
from common.spec.padding import adaptive_windows
from common.tools.exercises.exercise import Exercise, wrong

CONV, FC1, FC2 = 528 * 128, 128 * 4 * 4 * 1024, 1024 * 1000
BIASES = 128 + 1024 + 1000
LN = log(1000)
numbers = np.random.default_rng(4)
OUTPUTS = tuple(
    (*(numbers.normal(size=(images, classes)) for _ in range(3)), np.arange(images) % classes)
    for images, classes in ((1, 3), (2, 10), (5, 4))
)
GRADIENTS = tuple(tuple(numbers.normal(size=(3, size))) for size in (2, 5, 9))


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The cross entropy of each image."""
    return np.asarray(-log_softmax(logits)[np.arange(len(labels)), labels])


def training_loss(
    logits: np.ndarray, aux1: np.ndarray, aux2: np.ndarray, labels: np.ndarray, weight: float = 0.3
) -> float:
    """The training loss of a network with two heads."""
    main, *heads = (cross_entropy(z, labels).mean() for z in (logits, aux1, aux2))
    return float(main + weight * sum(heads))


def gradient_ratio(
    main: np.ndarray, aux1: np.ndarray, aux2: np.ndarray, weight: float = 0.3
) -> float:
    """The norm of a layer's gradient with the heads, divided by that without."""
    return float(np.linalg.norm(main + weight * (aux1 + aux2)) / np.linalg.norm(main))


EXERCISES = (
    Exercise(
        name="head_parameters",
        right=lambda: CONV + FC1 + FC2 + BIASES,
        mistakes=(
            wrong(CONV + FC1 + FC2, "the biases are missing"),
            wrong(
                512 * 128 + FC1 + FC2 + BIASES,
                "this is the head after 4a; the module 4d has more channels",
            ),
            wrong(
                CONV + 128 * 1024 + FC2 + BIASES,
                "fc1 reads the whole pooled map, not one number for each channel",
            ),
            wrong(
                CONV + 128 * 14 * 14 * 1024 + FC2 + BIASES,
                "the map is pooled before the convolution",
            ),
            wrong(
                2 * (FC1 + FC2 + BIASES) + CONV + 512 * 128,
                "these are both heads together; the question is about one",
            ),
        ),
    ),
    Exercise(
        name="loss_at_start",
        right=lambda: 1.6 * LN,
        tolerance=1e-3,
        mistakes=(
            wrong(LN, "this is the loss of the main classifier only"),
            wrong(1.3 * LN, "there are two heads"),
            wrong(3 * LN, "the losses of the heads have a weight"),
            wrong(1.6 * log2(1000), "cross-entropy uses the natural logarithm"),
            wrong(
                1.6 * log10(1000), "cross-entropy uses the natural logarithm, not that to base 10"
            ),
        ),
    ),
    Exercise(
        name="training_loss",
        right=training_loss,
        cases=OUTPUTS,
        mistakes=(
            wrong(lambda z, a, b, y: training_loss(z, a, b, y, 1.0), "the heads have a weight"),
            wrong(
                lambda z, a, b, y: training_loss(z, a, b, y, 0.0),
                "the losses of the heads are missing",
            ),
            wrong(
                lambda z, a, b, y: training_loss(z, a, b, y) * len(y),
                "the loss of a batch is the mean over its images, not the sum",
            ),
            wrong(
                lambda z, a, b, y: float(cross_entropy(z + 0.3 * (a + b), y).mean()),
                "the losses are added, not the logits",
            ),
            wrong(
                lambda z, a, b, y: training_loss(z, a, b, y) / 1.6,
                "the sum is not divided by the sum of the weights",
            ),
        ),
    ),
    Exercise(
        name="gradient_ratio",
        right=gradient_ratio,
        cases=GRADIENTS,
        mistakes=(
            wrong(
                lambda main, a, b: (
                    1 + 0.3 * sum(map(np.linalg.norm, (a, b))) / np.linalg.norm(main)
                ),
                "the norms are added; add the gradients, then take the norm",
            ),
            wrong(
                lambda main, a, b: gradient_ratio(main, a, b, 1.0),
                "the gradients of the heads are not yet multiplied by their weight",
            ),
            wrong(
                lambda main, a, b: gradient_ratio(main, a, b) ** 2,
                "this is the ratio of the squared norms",
            ),
            wrong(
                lambda main, a, b: 1 / gradient_ratio(main, a, b),
                "this is the norm without the heads, divided by that with them",
            ),
            wrong(
                lambda main, a, b: 0.3 * np.linalg.norm(a + b) / np.linalg.norm(main),
                "the gradient with the heads contains that of the main classifier as well",
            ),
        ),
    ),
    Exercise(
        name="adaptive_windows",
        right=adaptive_windows,
        cases=((14, 4), (14, 7), (17, 5), (13, 4)),
        mistakes=(
            wrong(
                lambda n, m: [(i * n // m, (i + 1) * n // m) for i in range(m)],
                "the end of a window is rounded up",
            ),
            wrong(
                lambda n, m: [(i * (n // m), i * (n // m) + n // m) for i in range(m)],
                "some pixels at the end are in no window; the window size need not be constant",
            ),
            wrong(
                lambda n, m: [(a, b - 1) for a, b in adaptive_windows(n, m)],
                "the end of a window is the first pixel after it",
            ),
            wrong(
                lambda n, m: [(-(-i * n // m), -(-(i + 1) * n // m)) for i in range(m)],
                "the start of a window is rounded down",
            ),
            wrong(
                lambda n, m: [(a, b - a) for a, b in adaptive_windows(n, m)],
                "give the end of each window, not its length",
            ),
        ),
    ),
)
