"""The exercises of chapter 8, residual connections."""

import numpy as np
from numpy.typing import NDArray

from common.tools.exercises.exercise import Exercise, wrong

Array = NDArray[np.float64]


def growth_factor(scale: float, blocks: int) -> float:
    """The growth of the standard deviation if residuals have the variance of their input."""
    return float((1 + scale**2) ** (blocks / 2))


def residual_output(x: Array, branch: Array, scale: float) -> Array:
    """The output of a residual block."""
    return np.maximum(x + scale * branch, 0)


def folded_rate(rate: float, scale: float) -> float:
    """The learning rate of weights into which the scale was moved."""
    return rate * scale**2


NUMBERS = np.random.default_rng(8)
MAPS = tuple(
    (*NUMBERS.normal(size=(2, *shape)), scale) for shape, scale in (((2, 3), 0.17), ((4,), 1.0))
)
WEIGHTS = 1088 * 192 + 1088 * 128 + 7 * 128 * 160 + 7 * 160 * 192
NORMS = 2 * (192 + 128 + 160 + 192)
PROJECTION = (192 + 192) * 1088

EXERCISES = (
    Exercise(
        name="growth_factor",
        right=growth_factor,
        cases=((1, 20), (0.17, 10), (0.3, 5)),
        mistakes=(
            wrong(
                lambda s, n: (1 + s**2) ** n,
                "this is the factor of the variance; the standard deviation is its root",
            ),
            wrong(
                lambda s, n: (1 + s) ** n,
                "standard deviations of uncorrelated numbers do not add; their variances do",
            ),
            wrong(
                lambda s, n: (1 + s) ** (n / 2),
                "a factor s multiplies the variance by its square",
            ),
            wrong(
                lambda s, n: 1 + n * s**2,
                "every block multiplies what the one before gave; the growth is not linear",
            ),
            wrong(
                lambda s, _: growth_factor(s, 1),
                "this is the factor of one block",
            ),
        ),
    ),
    Exercise(
        name="block17_parameters",
        right=lambda: WEIGHTS + NORMS + PROJECTION + 1088,
        mistakes=(
            wrong(WEIGHTS + PROJECTION + 1088, "batch normalization also has parameters"),
            wrong(WEIGHTS + NORMS + PROJECTION, "the projection has biases"),
            wrong(WEIGHTS + NORMS, "the projection is missing"),
            wrong(
                WEIGHTS + NORMS + PROJECTION + 3 * 1088,
                "the projection has no batch normalization",
            ),
            wrong(
                WEIGHTS + 2 * NORMS + PROJECTION + 1088,
                "running means and variances are not learned, so they are no parameters",
            ),
        ),
    ),
    Exercise(
        name="residual_output",
        right=residual_output,
        cases=MAPS,
        mistakes=(
            wrong(lambda x, b, s: x + s * b, "the ReLU after the sum is missing"),
            wrong(
                lambda x, b, s: np.maximum(x + s * np.maximum(b, 0), 0),
                "there is no ReLU between the projection and the sum",
            ),
            wrong(lambda x, b, _: np.maximum(x + b, 0), "the scale is missing"),
            wrong(
                lambda x, b, s: np.maximum(s * (x + b), 0),
                "the scale belongs to the branch only; here it multiplies the sum",
            ),
            wrong(lambda _, b, s: np.maximum(s * b, 0), "the shortcut is missing"),
        ),
    ),
    Exercise(
        name="folded_rate",
        right=folded_rate,
        cases=((0.1, 0.1), (0.5, 0.3), (0.01, 1.0)),
        mistakes=(
            wrong(
                lambda r, s: r * s,
                "the scale enters twice: in the gradient, and in the change of the product",
            ),
            wrong(lambda r, s: r / s, "a smaller scale means slower learning, not faster"),
            wrong(lambda r, s: r / s**2, "a smaller scale means slower learning, not faster"),
            wrong(lambda r, _: r, "the gradients of the two sets of weights are not equal"),
            wrong(lambda r, s: r * s**0.5, "a power of the scale, but not its root"),
        ),
    ),
    Exercise(
        name="googlenet_shortcuts",
        right=lambda: 3,
        mistakes=(
            wrong(6, "these are the modules that change the number of channels"),
            wrong(9, "some modules give more channels than they get"),
            wrong(2, "one more; also look at the modules after the last max pool"),
            wrong(1, "there are more; compare the modules 4a to 4e one by one"),
            wrong(0, "at least one module gives as many channels as it gets"),
        ),
    ),
)
