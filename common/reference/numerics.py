"""Numerical functions that are not layers: softmax, cross entropy, relative differences."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def log_softmax(x: Array, axis: int = 1) -> Array:
    """The logarithm of the softmax along an axis."""
    shifted = x - x.max(axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))


def softmax(x: Array, axis: int = 1) -> Array:
    """The softmax along an axis."""
    return np.asarray(np.exp(log_softmax(x, axis)))


def cross_entropy(
    logits: Array, labels: NDArray, smoothing: float, image_weights: Array | float = 1.0
) -> tuple[float, Array]:
    """The mean cross entropy of logits N x classes, and its gradient with respect to the logits.

    Label smoothing spreads the fraction `smoothing` of each label over all classes. The loss of
    each image is multiplied by its weight.
    """
    images, classes = logits.shape
    targets = np.full(logits.shape, smoothing / classes)
    targets[np.arange(images), labels] += 1 - smoothing
    log_probabilities = log_softmax(logits)
    share = np.broadcast_to(image_weights, images)[:, None] / images
    loss = -(share * targets * log_probabilities).sum()
    return float(loss), share * (np.exp(log_probabilities) - targets)


def relative_difference(actual: NDArray, expected: NDArray) -> float:
    """The largest absolute difference, divided by the largest absolute value of `expected`.

    It is divided by 1 if all expected values are 0. NaN if the shapes differ.
    """
    if actual.shape != expected.shape:
        return float("nan")
    largest = np.abs(expected).max()
    return float(np.abs(actual - expected).max() / (largest or 1))
