"""The exercises of chapter 9, Xception."""

import numpy as np
from numpy.typing import NDArray

from common.tools.exercises.exercise import Exercise, wrong

Array = NDArray[np.float64]


def grouped_weights(inputs: int, outputs: int, kernel: int, groups: int) -> int:
    """The weights of a grouped convolution."""
    return outputs * (inputs // groups) * kernel**2


def separable_share(inputs: int, outputs: int, kernel: int) -> float:
    """The weights of a separable convolution divided by those of the full one."""
    return (kernel**2 * inputs + inputs * outputs) / grouped_weights(inputs, outputs, kernel, 1)


def merged_kernel(depthwise: Array, pointwise: Array) -> Array:
    """The kernel of a full convolution that computes the same as the two."""
    return np.asarray(pointwise * depthwise[:, 0])


NUMBERS = np.random.default_rng(9)
KERNELS = tuple(
    (NUMBERS.normal(size=(inputs, 1, 3, 3)), NUMBERS.normal(size=(outputs, inputs, 1, 1)))
    for inputs, outputs in ((4, 4), (2, 5))
)
FIRST, SECOND, SHORTCUT = 9 * 256 + 256 * 728, 9 * 728 + 728 * 728, 256 * 728
NORM = 2 * 728

EXERCISES = (
    Exercise(
        name="grouped_weights",
        right=grouped_weights,
        cases=((48, 48, 3, 3), (48, 96, 3, 48), (64, 32, 5, 1)),
        mistakes=(
            wrong(lambda i, o, k, _: i * o * k**2, "the groups are not taken into account"),
            wrong(
                lambda i, o, k, g: i * o * k**2 / g**2,
                "this is one group; there are several",
            ),
            wrong(lambda i, o, k, g: i * o * k / g, "a filter has rows and columns"),
            wrong(lambda i, o, k, g: i * o * k**2 * g, "more groups mean fewer weights"),
            wrong(
                lambda i, o, k, g: o * (i // g) * k**2 + o,
                "this counts a bias for each output; there are none",
            ),
        ),
    ),
    Exercise(
        name="separable_share",
        right=separable_share,
        cases=((48, 48, 3), (64, 128, 5), (728, 728, 3)),
        mistakes=(
            wrong(lambda _, o, __: 1 / o, "this is the depthwise part only"),
            wrong(lambda _, __, k: 1 / k**2, "this is the 1x1 part only"),
            wrong(
                lambda i, o, k: 1 / separable_share(i, o, k),
                "this is the full one divided by the separable one",
            ),
            wrong(
                lambda i, _, k: 1 / i + 1 / k**2,
                "right for equal widths only; here the depthwise filters act on the inputs",
            ),
            wrong(
                lambda _, o, k: 1 / o + 1 / k,
                "the full filter has rows and columns, so its size counts twice",
            ),
        ),
    ),
    Exercise(
        name="halving_parameters",
        right=lambda: FIRST + SECOND + SHORTCUT + 3 * NORM,
        mistakes=(
            wrong(FIRST + SECOND + 2 * NORM, "the shortcut also has parameters"),
            wrong(
                FIRST + SECOND + SHORTCUT + 2 * NORM,
                "the shortcut has a batch normalization as well",
            ),
            wrong(FIRST + SECOND + SHORTCUT, "batch normalization also has parameters"),
            wrong(
                FIRST + SECOND + SHORTCUT + 6 * NORM,
                "running means and variances are not learned, so they are no parameters",
            ),
            wrong(
                2 * SECOND + SHORTCUT + 3 * NORM,
                "the first separable convolution reads 256 channels",
            ),
        ),
    ),
    Exercise(
        name="merged_kernel",
        right=merged_kernel,
        cases=KERNELS,
        mistakes=(
            wrong(
                lambda d, p: merged_kernel(d, p).transpose(1, 0, 2, 3),
                "the first axis must be the output channels, the second the input channels",
            ),
            wrong(
                lambda d, p: merged_kernel(d, p).transpose(2, 3, 1, 0),
                "this is the layout of Keras; here the output channels come first",
            ),
            wrong(
                lambda d, p: merged_kernel(d[..., ::-1, ::-1], p),
                "the filters are flipped; frameworks do not flip them",
            ),
            wrong(lambda d, p: p + d[:, 0], "one step after the other multiplies the weights"),
            wrong(
                lambda d, p: merged_kernel(d, p).sum(axis=1),
                "the input channels are summed up when the kernel is used, not before",
            ),
        ),
    ),
)
