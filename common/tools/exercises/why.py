"""The exercises of chapter 2, why Inception."""

import numpy as np
from numpy.typing import NDArray

from common.tools.exercises.exercise import Exercise, wrong

Sizes = list[tuple[int, int, int, int]]
Modules = list[tuple[int, int, int]]


def reduced_weights(channels: int, reduced: int, filters: int, kernel: int) -> int:
    """The weights of a 1x1 reduction and of the convolution after it."""
    return channels * reduced + kernel * kernel * reduced * filters


def naive_channels(channels: int, modules: Modules) -> list[int]:
    """The channels after each naive module."""
    return [channels + sum(map(sum, modules[: n + 1])) for n in range(len(modules))]


def work_per_parameter(layers: Sizes) -> float:
    """The multiply-adds per weight of some convolutions together."""
    weights = [c * d * k * k for c, d, k, _ in layers]
    return sum(w * size[3] ** 2 for w, size in zip(weights, layers, strict=True)) / sum(weights)


def joined_kernel(kernel1x1: NDArray, kernel3x3: NDArray) -> NDArray:
    """A 3x3 kernel whose first filters are the 1x1 ones with zeros around."""
    return np.concatenate([np.pad(kernel1x1, ((0, 0), (0, 0), (1, 1), (1, 1))), kernel3x3])


def placed(kernel1x1: NDArray, kernel3x3: NDArray, row: int, column: int) -> NDArray:
    """As `joined_kernel`, with the 1x1 weights elsewhere in the window."""
    padding = ((0, 0), (0, 0), (row, 2 - row), (column, 2 - column))
    return np.concatenate([np.pad(kernel1x1, padding), kernel3x3])


DIRECT = 5 * 5 * 192 * 32
MODULES = [(64, 128, 32), (128, 192, 96), (192, 208, 48)]
NIN = [(3, 96, 11), (96, 96, 1), (96, 96, 1), (96, 256, 5), (256, 256, 1), (256, 256, 1)]
NIN += [(256, 384, 3), (384, 384, 1), (384, 384, 1)]
NIN += [(384, 1024, 3), (1024, 1024, 1), (1024, 1000, 1)]
NIN_PARAMETERS = sum(c * d * k * k + d for c, d, k in NIN)
LAYERS = [(3, 64, 7, 112), (64, 192, 3, 56), (1024, 1000, 1, 1)]
NUMBERS = np.random.default_rng(2)
KERNELS = (NUMBERS.normal(size=(2, 3, 1, 1)), NUMBERS.normal(size=(4, 3, 3, 3)))

EXERCISES = (
    Exercise(
        name="reduced_weights",
        right=reduced_weights,
        cases=((512, 24, 64, 5), (128, 32, 256, 5), (192, 96, 128, 3)),
        mistakes=(
            wrong(
                lambda c, r, d, k: reduced_weights(c, r, d, k) + r + d,
                "biases are not weights; leave them out",
            ),
            wrong(lambda _, r, d, k: k * k * r * d, "the weights of the reduction are missing"),
            wrong(lambda c, _, d, k: k * k * c * d, "this is the convolution without a reduction"),
            wrong(
                lambda c, r, d, k: c * r + k * r * d,
                "the kernel has as many rows as columns",
            ),
            wrong(
                lambda c, r, d, k: c * r + k * k * c * d,
                "the second convolution reads the reduced map, not the input",
            ),
        ),
    ),
    Exercise(
        name="break_even",
        right=lambda: (DIRECT - 1) // (192 + 25 * 32),
        mistakes=(
            wrong(
                155, "with this many channels the reduction costs more than the direct convolution"
            ),
            wrong(DIRECT / 992, "channels are whole numbers, and it must still be less"),
            wrong(192, "the reduction itself also has weights"),
            wrong(800, "this is the cost per reduced channel in the 5x5 convolution only"),
            wrong(992, "this is the cost per reduced channel; how many of them can be paid for?"),
        ),
    ),
    Exercise(
        name="naive_channels",
        right=naive_channels,
        cases=((192, MODULES), (192, MODULES[:1]), (480, MODULES[2:])),
        mistakes=(
            wrong(
                lambda _, m: [sum(each) for each in m],
                "the pooled map is joined to the others with all of its channels",
            ),
            wrong(
                lambda c, m: [c + sum(each) for each in m],
                "each module reads the output of the one before, not the first input",
            ),
            wrong(lambda c, m: naive_channels(c, m)[-1], "give the channels after every module"),
            wrong(
                lambda c, m: [c, *naive_channels(c, m)],
                "the channels of the input are not an output",
            ),
            wrong(
                lambda c, m: [n + 32 for n in naive_channels(c, m)],
                "a naive module has no projection after its pooling",
            ),
        ),
    ),
    Exercise(
        name="nin_parameters",
        right=lambda: NIN_PARAMETERS,
        mistakes=(
            wrong(sum(c * d * k * k for c, d, k in NIN), "the biases are missing"),
            wrong(
                sum(c * d * k * k + d for c, d, k in NIN if k > 1),
                "the 1x1 convolutions have parameters as well",
            ),
            wrong(
                NIN_PARAMETERS - 96 * 97 - 256 * 257 - 384 * 385,
                "there are two 1x1 convolutions in each block, not one",
            ),
            wrong(
                NIN_PARAMETERS + 1000 * 1001,
                "there is no fully connected layer at the end: the average is over the maps",
            ),
            wrong(NIN_PARAMETERS - 1024 * 1000 - 1000, "the last convolution is missing"),
        ),
    ),
    Exercise(
        name="work_per_parameter",
        right=work_per_parameter,
        cases=((LAYERS,), (LAYERS[:2],), (LAYERS[2:],)),
        mistakes=(
            wrong(
                lambda layers: float(np.mean([side**2 for *_, side in layers])),
                "a layer with more weights counts for more; do not average over layers",
            ),
            wrong(
                lambda layers: 1 / work_per_parameter(layers),
                "this is weights per multiply-add; invert it",
            ),
            wrong(
                lambda layers: (
                    work_per_parameter(layers) * sum(c * d * k * k for c, d, k, _ in layers)
                ),
                "these are the multiply-adds; divide them by the number of weights",
            ),
            wrong(
                lambda layers: 2 * work_per_parameter(layers),
                "a multiplication with its addition counts once",
            ),
            wrong(
                lambda layers: work_per_parameter([(*size[:3], size[3] ** 0.5) for size in layers]),
                "a map has rows and columns",
            ),
        ),
    ),
    Exercise(
        name="joined_kernel",
        right=joined_kernel,
        cases=(KERNELS,),
        mistakes=(
            wrong(
                lambda one, three: np.concatenate([three, joined_kernel(one, three)[:2]]),
                "the filters of the 1x1 convolution come first",
            ),
            wrong(
                lambda one, three: placed(one, three, 0, 0),
                "a 1x1 weight belongs in the middle of the window, not in its corner",
            ),
            wrong(
                lambda one, three: np.concatenate([np.repeat(np.repeat(one, 3, 2), 3, 3), three]),
                "the eight weights around the 1x1 weight must be zero",
            ),
            wrong(
                lambda one, three: three + np.pad(one[:1], ((0, 3), (0, 0), (1, 1), (1, 1))),
                "side by side means that the outputs are joined, not added",
            ),
            wrong(
                lambda one, three: joined_kernel(one, three).transpose(2, 3, 1, 0),
                "keep the order output channels, input channels, rows, columns",
            ),
        ),
    ),
)
