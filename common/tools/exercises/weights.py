"""The exercises of chapter 11, weights."""

import numpy as np
from numpy.typing import NDArray

from common.tools.exercises.exercise import Exercise, wrong


def kernel_from_keras(kernel: NDArray) -> NDArray:
    """A kernel (h, w, in, out) as (out, in, h, w)."""
    return kernel.transpose(3, 2, 0, 1)


def for_bgr(kernel: NDArray) -> NDArray:
    """A first kernel for RGB images, changed so that it takes BGR images."""
    return kernel[:, ::-1]


def folded_bias(gamma: NDArray, beta: NDArray, mean: NDArray, var: NDArray, eps: float) -> NDArray:
    """The bias of a convolution into which the batch norm after it was folded."""
    bias: NDArray = beta - mean * gamma / np.sqrt(var + eps)
    return bias


def bias_for_0_to_1(kernel: NDArray, bias: NDArray) -> NDArray:
    """The bias beside a doubled kernel that takes images from 0 to 1 in place of -1 to 1."""
    black: NDArray = bias - kernel.sum((1, 2, 3))
    return black


NUMBERS = np.random.default_rng(11)
KERAS = NUMBERS.normal(size=(2, 2, 4, 5))
FIRST, BIAS = NUMBERS.normal(size=(4, 3, 5, 5)), NUMBERS.normal(size=4)
NORM = (*NUMBERS.normal(size=(3, 6)), NUMBERS.uniform(0.1, 2, 6), 1e-3)
SIZE = 6_998_552

EXERCISES = (
    Exercise(
        name="kernel_from_keras",
        right=kernel_from_keras,
        cases=((KERAS,),),
        mistakes=(
            wrong(
                lambda k: k.reshape(k.shape[3], k.shape[2], *k.shape[:2]),
                "the shape is right, but a reshape does not move the axes",
            ),
            wrong(
                lambda k: k.transpose(2, 3, 0, 1),
                "the input channels come first here; the output channels must",
            ),
            wrong(lambda k: k.transpose(3, 2, 1, 0), "rows and columns are swapped"),
            wrong(lambda k: k, "the axes are still in Keras' order"),
            wrong(
                lambda k: k[::-1, ::-1].transpose(3, 2, 0, 1),
                "no framework turns the kernel over; only the axes are in a different order",
            ),
        ),
    ),
    Exercise(
        name="file_bytes",
        right=lambda: 4 * SIZE,
        mistakes=(
            wrong(SIZE, "this is the number of parameters; each takes several bytes"),
            wrong(2 * SIZE, "float32 takes more than 2 bytes"),
            wrong(8 * SIZE, "this is the size in float64"),
            wrong(32 * SIZE, "these are bits"),
            wrong(4 * 13_378_280, "this is with both auxiliary classifiers"),
        ),
    ),
    Exercise(
        name="for_bgr",
        right=for_bgr,
        cases=((FIRST,),),
        mistakes=(
            wrong(lambda k: k, "the kernel is unchanged"),
            wrong(lambda k: k[::-1], "these are the filters; reverse the input channels"),
            wrong(lambda k: k[..., ::-1], "the kernel is mirrored in its columns"),
            wrong(lambda k: k[:, :, ::-1], "the kernel is mirrored in its rows"),
            wrong(lambda k: k[:, [1, 2, 0]], "BGR reverses the channels, it does not rotate them"),
        ),
    ),
    Exercise(
        name="folded_bias",
        right=folded_bias,
        cases=(NORM,),
        mistakes=(
            wrong(
                lambda g, b, m, v, _: b - m * g / np.sqrt(v + 1e-5),
                "use the eps that is given",
            ),
            wrong(
                lambda g, b, m, v, e: b + m * g / np.sqrt(v + e),
                "the mean is subtracted",
            ),
            wrong(lambda _, b, m, *__: b - m, "the mean is divided and scaled as the maps are"),
            wrong(
                lambda g, b, m, v, e: b - m * g / (v + e),
                "the divisor is a deviation, not a variance",
            ),
            wrong(
                lambda _, b, m, v, e: b - m / np.sqrt(v + e),
                "the scale gamma applies to the mean as well",
            ),
        ),
    ),
    Exercise(
        name="bias_for_0_to_1",
        right=bias_for_0_to_1,
        cases=((FIRST, BIAS),),
        mistakes=(
            wrong(lambda _, b: b, "the constant -1 in every pixel changes the sums"),
            wrong(lambda k, b: b + k.sum((1, 2, 3)), "the sign is wrong: 2x - 1, not 2x + 1"),
            wrong(
                lambda k, b: b - 2 * k.sum((1, 2, 3)),
                "only the image is doubled, not the constant",
            ),
            wrong(lambda k, b: b - k.sum((2, 3)).T, "sum over the input channels as well"),
            wrong(lambda k, b: b - k.mean((1, 2, 3)), "a convolution sums, it does not average"),
        ),
    ),
)
