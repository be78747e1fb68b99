"""The exercises of chapter 6, batch normalization."""

import numpy as np
from numpy.typing import NDArray

from common.tools.exercises.exercise import Exercise, wrong

NUMBERS = np.random.default_rng(6)
AXES = (0, 2, 3)
CHANNELS = 64 + 96 + 128 + 16 + 32 + 32  # of the convolutions of inception3a


def normalize(
    x: NDArray,
    gamma: NDArray,
    beta: NDArray,
    eps: float,
    *,
    axes: tuple[int, ...] = AXES,
    ddof: int = 0,
) -> NDArray:
    """Batch norm in training, of images N x C x H x W."""
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True, ddof=ddof)
    scale, shift = (array[:, None, None] for array in (gamma, beta))
    return np.asarray(scale * (x - mean) / np.sqrt(variance + eps) + shift)


def without_root(x: NDArray, gamma: NDArray, beta: NDArray, eps: float) -> NDArray:
    """The mistake that divides by the variance."""
    mean, variance = x.mean(AXES, keepdims=True), x.var(AXES, keepdims=True)
    scale, shift = (array[:, None, None] for array in (gamma, beta))
    return np.asarray(scale * (x - mean) / (variance + eps) + shift)


def running(values: list[float], keep: float, start: float) -> float:
    """The running value after the batches whose values are given."""
    for value in values:
        start = keep * start + (1 - keep) * value
    return start


def folded(gamma: NDArray, beta: NDArray, mean: NDArray, variance: NDArray, eps: float) -> NDArray:
    """The factor of the kernel and the bias, for each channel."""
    factor = gamma / np.sqrt(variance + eps)
    return np.stack([factor, beta - factor * mean])


def case(images: int, channels: int, size: int, eps: float) -> tuple:
    """Random arguments of `normalize`."""
    maps = NUMBERS.normal(2, 1, size=(images, channels, size, size))
    gamma, beta = NUMBERS.uniform(1, 2, size=channels), NUMBERS.normal(size=channels)
    return maps, gamma, beta, eps


def constants(channels: int, eps: float) -> tuple:
    """Random arguments of `folded`."""
    gamma, variance = NUMBERS.uniform(1, 2, size=(2, channels))
    beta, mean = NUMBERS.normal(size=(2, channels))
    return gamma, beta, mean, variance, eps


EXERCISES = (
    Exercise(
        name="normalize",
        right=normalize,
        cases=(case(2, 3, 2, 1e-3), case(4, 2, 3, 0.5)),
        mistakes=(
            wrong(
                lambda x, g, b, eps: normalize(x, g, b, eps, axes=(0, 1, 2, 3)),
                "each channel has a mean and a variance of its own",
            ),
            wrong(
                lambda x, g, b, eps: normalize(x, g, b, eps, axes=(2, 3)),
                "the mean and the variance are taken over the images of the batch as well",
            ),
            wrong(
                lambda x, g, b, eps: normalize(x, g, b, eps, axes=(0,)),
                "all places of a map share one mean and one variance",
            ),
            wrong(
                lambda x, g, b, eps: normalize(x, g, b, eps, ddof=1),
                "in a training step the variance is divided by n, not by n - 1",
            ),
            wrong(without_root, "divide by the deviation, not by the variance"),
        ),
    ),
    Exercise(
        name="running",
        right=running,
        cases=(([5.0], 0.9, 0.0), ([5.0, 3.0, 8.0], 0.9, 0.0), ([9.0, 4.0], 0.75, 1.0)),
        mistakes=(
            wrong(
                lambda values, keep, start: running(values, 1 - keep, start),
                "keep is the weight of the old value, not of the new one",
            ),
            wrong(
                lambda values, keep, _: running(values, keep, 0.0),
                "it begins at start, which is 1 for a variance",
            ),
            wrong(
                lambda values, keep, start: running(values[::-1], keep, start),
                "the batches are taken in the wrong order; the last one comes last",
            ),
            wrong(
                lambda values, keep, start: running(values[-1:], keep, start),
                "only one batch is taken into account",
            ),
            wrong(
                lambda values, _, __: float(np.mean(values)),
                "this is the mean of the batches; the old value must count as well",
            ),
        ),
    ),
    Exercise(
        name="pytorch_momentum",
        right=lambda: 0.0003,
        mistakes=(
            wrong(0.9997, "PyTorch's momentum is the weight of the new value"),
            wrong(0.1, "this is PyTorch's default, which forgets faster"),
            wrong(0.003, "a zero is missing: what must remain is 0.9997"),
            wrong(0.01, "this corresponds to 0.99, the default of Keras"),
            wrong(-0.0003, "the weight of the new value is positive"),
        ),
    ),
    Exercise(
        name="folded",
        right=folded,
        cases=(constants(4, 1e-3), constants(2, 0.25)),
        mistakes=(
            wrong(
                lambda g, b, m, v, e: folded(g, b, m, v**2, e),
                "the variance is already a square; only its root is taken",
            ),
            wrong(
                lambda g, b, m, v, _: folded(g, b, m, v, 0.0),
                "eps is missing below the root",
            ),
            wrong(
                lambda g, b, m, v, e: np.stack([folded(g, b, m, v, e)[0], b]),
                "the mean is missing in the bias",
            ),
            wrong(
                lambda g, b, m, v, e: np.stack([folded(g, b, m, v, e)[0], b - m]),
                "the mean is divided by the deviation and scaled as well",
            ),
            wrong(
                lambda g, b, m, v, e: folded(g, b, -m, v, e),
                "the mean is subtracted, so it enters the bias with a minus",
            ),
        ),
    ),
    Exercise(
        name="numbers_of_batch_norm",
        right=lambda: 4 * CHANNELS,
        mistakes=(
            wrong(CHANNELS, "a channel has more than one number"),
            wrong(2 * CHANNELS, "the numbers that are not learned are stored as well"),
            wrong(3 * CHANNELS, "one of the numbers of a channel is missing"),
            wrong(4 * 256, "the 1x1 reductions are followed by batch norm as well"),
            wrong(4 * (CHANNELS + 192), "the pooling has no batch norm of its own"),
        ),
    ),
)
