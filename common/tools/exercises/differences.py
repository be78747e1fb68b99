"""The exercises of chapter 10, the same network with other numbers."""

import numpy as np
from numpy.typing import NDArray

from common.tools.exercises.exercise import Exercise, wrong


def border_average(row: list[float], counted: bool) -> NDArray:
    """An average pool of size 3 and stride 1 over a row padded by 1 on both sides."""
    padded = np.pad(np.asarray(row, float), 1)
    there = np.pad(np.ones(len(row)), 1)
    sums, counts = (each[:-2] + each[1:-1] + each[2:] for each in (padded, there))
    averages: NDArray = sums / (3 if counted else counts)
    return averages


def depthwise_to_keras(kernel: NDArray, channels: int) -> NDArray:
    """A kernel (channels x multiplier, 1, h, w) as Keras has it, (h, w, channels, multiplier)."""
    _, _, rows, columns = kernel.shape
    return kernel.reshape(channels, -1, rows, columns).transpose(2, 3, 0, 1)


def for_channels_last(matrix: NDArray, channels: int, rows: int, columns: int) -> NDArray:
    """A matrix (out, c h w) with its columns in the order h, w, c."""
    parts = matrix.reshape(-1, channels, rows, columns)
    return parts.transpose(0, 2, 3, 1).reshape(len(matrix), -1)


def first_adam_step(gradient: float, eps: float, before: bool) -> float:
    """Adam's first step at rate 1 with beta 0.9 and 0.999; eps before or after the correction."""
    return gradient / (abs(gradient) + (eps / np.sqrt(1 - 0.999) if before else eps))


NUMBERS = np.random.default_rng(10)
DEPTHWISE = NUMBERS.normal(size=(6, 1, 2, 4)), 3
MATRIX = NUMBERS.normal(size=(5, 24)), 3, 2, 4
ALPHA = 1e-4 / 5

EXERCISES = (
    Exercise(
        name="border_average",
        right=border_average,
        cases=(([3.0, 6.0, 9.0, 0.0], True), ([3.0, 6.0, 9.0, 0.0], False), ([2.0, 4.0], False)),
        mistakes=(
            wrong(
                lambda row, _: border_average(row, True),
                "with counted=False the zeros of the border must not be in the divisor",
            ),
            wrong(
                lambda row, _: border_average(row, False),
                "with counted=True the divisor is the size of the window everywhere",
            ),
            wrong(
                lambda row, counted: border_average(row, not counted),
                "the two cases are swapped",
            ),
            wrong(
                lambda row, _: 3 * border_average(row, True),
                "these are the sums; they are not divided yet",
            ),
            wrong(
                lambda row, counted: border_average(row, counted)[1:-1],
                "the padding keeps the length of the row",
            ),
        ),
    ),
    Exercise(
        name="alpha_for_tensorflow",
        right=lambda: ALPHA,
        mistakes=(
            wrong(1e-4, "this is the alpha of the file; TensorFlow does not divide it"),
            wrong(5e-4, "the other way round: TensorFlow does not divide, so you must"),
            wrong(1e-4 / 25, "the window is over channels only, so it has 5 values, not 25"),
            wrong(1e-4 / 2, "2 is the depth radius; the window has more channels than that"),
            wrong(1e-4 / 4, "the channel in the middle belongs to the window"),
        ),
    ),
    Exercise(
        name="depthwise_to_keras",
        right=depthwise_to_keras,
        cases=(DEPTHWISE, (DEPTHWISE[0], 2)),
        mistakes=(
            wrong(
                lambda kernel, c: kernel.reshape(*kernel.shape[2:], c, -1),
                "the shape is right, but a reshape does not move the axes",
            ),
            wrong(
                lambda kernel, c: kernel.reshape(-1, c, *kernel.shape[2:]).transpose(2, 3, 1, 0),
                "the outputs of one channel are neighbours in the array: split that axis so",
            ),
            wrong(
                lambda kernel, c: depthwise_to_keras(kernel, c).transpose(0, 1, 3, 2),
                "the channels come before the multiplier",
            ),
            wrong(
                lambda kernel, c: depthwise_to_keras(kernel, c).transpose(1, 0, 2, 3),
                "the rows come before the columns",
            ),
            wrong(
                lambda kernel, _: kernel.transpose(2, 3, 1, 0),
                "this is the rule for an ordinary convolution; the first axis must be split",
            ),
        ),
    ),
    Exercise(
        name="for_channels_last",
        right=for_channels_last,
        cases=(MATRIX,),
        mistakes=(
            wrong(lambda m, *_: m, "the columns are still in the order channel, row, column"),
            wrong(
                lambda m, c, h, w: m.reshape(-1, h, w, c).transpose(0, 3, 1, 2).reshape(len(m), -1),
                "this is the way back, from row, column, channel to channel, row, column",
            ),
            wrong(
                lambda m, c, h, w: m.reshape(-1, c, h, w).transpose(0, 3, 2, 1).reshape(len(m), -1),
                "the order is now column, row, channel",
            ),
            wrong(
                lambda *case: for_channels_last(*case).T,
                "the columns are right, but the matrix is transposed as well",
            ),
            wrong(
                lambda m, c, h, w: m.reshape(-1, c, h, w).transpose(0, 2, 3, 1),
                "the order is right; make a matrix of it again",
            ),
        ),
    ),
    Exercise(
        name="first_adam_step",
        right=first_adam_step,
        cases=((0.5, 0.1, False), (0.5, 0.1, True), (-2.0, 0.01, True)),
        mistakes=(
            wrong(
                lambda g, eps, _: first_adam_step(g, eps, False),
                "before=True makes no difference yet",
            ),
            wrong(
                lambda g, eps, _: first_adam_step(g, eps, True),
                "with before=False the square is corrected first, and eps is added to its root",
            ),
            wrong(
                lambda g, eps, before: first_adam_step(g, eps, not before),
                "the two cases are swapped",
            ),
            wrong(
                lambda g, eps, before: 0.1 * first_adam_step(g, eps, before),
                "the mean must be corrected as well",
            ),
            wrong(
                lambda g, eps, before: abs(first_adam_step(g, eps, before)),
                "the step has the sign of the gradient",
            ),
        ),
    ),
)
