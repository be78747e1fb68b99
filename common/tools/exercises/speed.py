"""The exercises of chapter 12, speed."""

import numpy as np
from numpy.typing import NDArray

from common.tools.exercises.exercise import Exercise, wrong


def speedup(plain: list[float], tuned: list[float]) -> float:
    """The speed-up of the tuned program, by the best of its times."""
    return min(plain) / min(tuned)


def amdahl(share: float, factor: float) -> float:
    """The speed of a program of which a share of the time becomes `factor` times as fast."""
    return 1 / (1 - share + share / factor)


def folded_kernel(kernel: NDArray, gamma: NDArray, var: NDArray, eps: float) -> NDArray:
    """The kernel (out, in, h, w) that contains the batch norm after it."""
    folded: NDArray = kernel * (gamma / np.sqrt(var + eps))[:, None, None, None]
    return folded


NUMBERS = np.random.default_rng(12)
KERNEL = NUMBERS.normal(size=(4, 4, 3, 3)), *NUMBERS.uniform(0.5, 2, (2, 4)), 1e-3
TIMES = (
    ([0.31, 0.29, 0.9, 0.3], [0.11, 0.1, 0.13, 0.5]),
    ([2.0, 1.0, 3.0], [4.0, 2.5, 9.0]),
)
SHARES = ((0.9, 3.0), (0.5, 2.0), (0.8, 100.0))
MAP = 64 * 112 * 112

EXERCISES = (
    Exercise(
        name="least_ms",
        right=lambda: 1_582_671_872 / (4 * 3.0e9 * 16) * 1000,
        mistakes=(
            wrong(1_582_671_872 / (4 * 3.0e9 * 16), "these are seconds"),
            wrong(1_582_671_872 / (3.0e9 * 16) * 1000, "this is with one core of the four"),
            wrong(1_582_671_872 / (4 * 3.0e9) * 1000, "each core does 16 in a cycle"),
            wrong(
                2 * 1_582_671_872 / (4 * 3.0e9 * 16) * 1000,
                "a multiply-add counts once on both sides",
            ),
            wrong((4 * 3.0e9 * 16) / 1_582_671_872, "these are images a second"),
        ),
    ),
    Exercise(
        name="relu_bytes",
        right=lambda: 2 * 4 * MAP,
        mistakes=(
            wrong(4 * MAP, "the map is read and written"),
            wrong(2 * MAP, "these are numbers; each takes several bytes"),
            wrong(MAP, "these are the numbers of the map"),
            wrong(8 * 64 * 112, "a map has rows and columns"),
            wrong(16 * MAP, "float32 takes 4 bytes"),
        ),
    ),
    Exercise(
        name="speedup",
        right=speedup,
        cases=TIMES,
        mistakes=(
            wrong(
                lambda a, b: float(np.mean(a) / np.mean(b)),
                "means contain the interruptions; take the best of each",
            ),
            wrong(lambda a, b: min(b) / min(a), "this is the ratio of the times, upside down"),
            wrong(lambda a, b: max(a) / max(b), "these are the worst times"),
            wrong(lambda a, b: a[0] / b[0], "the first call is not representative"),
            wrong(lambda a, b: min(a) - min(b), "give the ratio, not the difference"),
        ),
    ),
    Exercise(
        name="whole_speedup",
        right=amdahl,
        cases=SHARES,
        mistakes=(
            wrong(lambda _, factor: factor, "only a share of the time becomes shorter"),
            wrong(lambda s, f: s * f, "add the times of the two parts"),
            wrong(lambda s, f: 1 - s + s * f, "speeds cannot be averaged; times can be added"),
            wrong(lambda s, f: 1 - s + s / f, "this is the new time; give the speed-up"),
            wrong(lambda s, f: amdahl(1 - s, f), "the shares are swapped"),
        ),
    ),
    Exercise(
        name="folded_kernel",
        right=folded_kernel,
        cases=(KERNEL,),
        mistakes=(
            wrong(
                lambda k, g, v, e: k * (g / np.sqrt(v + e))[None, :, None, None],
                "the scale belongs to the output channels, not to the input channels",
            ),
            wrong(
                lambda k, g, v, e: k * (g / (v + e))[:, None, None, None],
                "the divisor is a deviation, not a variance",
            ),
            wrong(
                lambda k, g, v, _: k * (g / np.sqrt(v))[:, None, None, None],
                "eps is missing",
            ),
            wrong(
                lambda k, _, v, e: k / np.sqrt(v + e)[:, None, None, None],
                "the scale gamma is missing",
            ),
            wrong(
                lambda k, g, *_: k * g[:, None, None, None],
                "the division by the deviation is missing",
            ),
        ),
    ),
)
