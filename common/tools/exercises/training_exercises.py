"""The exercises of chapter 5, training."""

from math import ceil, log, log2, sqrt

from common.tools.exercises.exercise import Exercise, wrong

IMAGES, BATCH, EPOCHS = 1437, 32, 8


def guessing_loss(counts: list[int]) -> float:
    """The entropy of the classes: the least loss without looking at the images."""
    shares = [count / sum(counts) for count in counts]
    return -sum(share * log(share) for share in shares)


def epoch_loss(losses: list[float], sizes: list[int]) -> float:
    """The mean over all images of an epoch."""
    return sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)


def momentum_step(
    w: float, v: float, g: float, rate: float, momentum: float
) -> tuple[float, float]:
    """The weight and the velocity after a step, as PyTorch and Paddle define them."""
    v = momentum * v + g
    return w - rate * v, v


def map_sizes(n: int, stride: int, pools: int) -> list[int]:
    """The rows after conv1, and after each pool of 3x3 with stride 2 that rounds up."""
    sizes = [(n + 6 - 7) // stride + 1]
    for _ in range(pools):
        sizes.append(ceil((sizes[-1] - 3) / 2) + 1)
    return sizes


def floor_sizes(size: int, pools: int) -> list[int]:
    """The same with pools that round down, from the size after conv1."""
    sizes = [size]
    for _ in range(pools):
        sizes.append((sizes[-1] - 3) // 2 + 1)
    return sizes


COUNTS = (([10, 10, 10, 10],), ([90, 10],), ([5, 3, 2],))
LOSSES = (([2.0, 1.0], [32, 8]), ([0.5, 0.25, 4.0], [4, 4, 1]))
STEPS = ((1.0, 0.0, 0.5, 0.1, 0.9), (2.0, -1.0, 0.25, 0.01, 0.5))
SIZES = ((224, 2, 4), (28, 1, 3), (64, 2, 3), (28, 2, 2))

EXERCISES = (
    Exercise(
        name="steps",
        right=lambda: EPOCHS * ceil(IMAGES / BATCH),
        mistakes=(
            wrong(EPOCHS * (IMAGES // BATCH), "the last, smaller batch of an epoch is also a step"),
            wrong(EPOCHS * IMAGES / BATCH, "a step is whole; an epoch ends with a smaller batch"),
            wrong(ceil(IMAGES / BATCH), "these are the steps of one epoch"),
            wrong(EPOCHS * ceil(1797 / BATCH), "the test images are not trained on"),
            wrong(EPOCHS * IMAGES, "these are images; a step takes a batch of them"),
        ),
    ),
    Exercise(
        name="guessing_loss",
        right=guessing_loss,
        cases=COUNTS,
        mistakes=(
            wrong(lambda c: log(len(c)), "this holds only for classes of equal size"),
            wrong(lambda c: guessing_loss(c) / log(2), "cross-entropy uses the natural logarithm"),
            wrong(lambda c: -guessing_loss(c), "a loss is not negative; check the sign"),
            wrong(
                lambda c: -log(max(c) / sum(c)),
                "the mean over all images counts every class, not only the most frequent one",
            ),
            wrong(
                lambda c: guessing_loss(c) * sum(c), "give the mean over the images, not the sum"
            ),
        ),
    ),
    Exercise(
        name="epoch_loss",
        right=epoch_loss,
        cases=LOSSES,
        mistakes=(
            wrong(
                lambda losses, sizes: sum(losses) / len(sizes),
                "batches of different sizes do not count equally",
            ),
            wrong(lambda losses, _: losses[-1], "this is the loss of the last batch only"),
            wrong(
                lambda losses, sizes: epoch_loss(losses, sizes) * sum(sizes),
                "divide by the number of images",
            ),
            wrong(
                lambda losses, sizes: epoch_loss(losses, sizes) * sum(sizes) / len(sizes),
                "divide by the number of images, not of batches",
            ),
            wrong(
                lambda losses, sizes: sum(losses) / sum(sizes),
                "the losses of the batches are means; multiply each by its size first",
            ),
        ),
    ),
    Exercise(
        name="logit_factor",
        right=lambda scale, layers: scale**layers,
        cases=((0.1, 6), (4, 6), (1 / sqrt(6), 22), (2, 3)),
        mistakes=(
            wrong(lambda s, n: s * n, "the factors of the layers are multiplied, not added"),
            wrong(lambda s, n: s ** (n - 1), "every layer counts, the last one as well"),
            wrong(lambda s, n: s ** (2 * n), "this is the factor of the variance"),
            wrong(lambda s, n: s ** (n / 2), "the scale is that of the deviation already"),
            wrong(lambda s, n: n * log2(s), "give the factor itself, not its logarithm"),
        ),
    ),
    Exercise(
        name="momentum_step",
        right=momentum_step,
        cases=STEPS,
        mistakes=(
            wrong(
                lambda w, v, g, r, m: (w + m * v - r * g, m * v - r * g),
                "this is Keras' form, whose velocity contains the rate and the sign",
            ),
            wrong(
                lambda w, v, g, r, m: (w - r * (g + m * (m * v + g)), m * v + g),
                "this is Nesterov's step",
            ),
            wrong(
                lambda w, v, g, r, m: (w + r * (m * v + g), m * v + g),
                "the step goes against the gradient",
            ),
            wrong(
                lambda w, v, g, r, m: (w - r * (m * v + (1 - m) * g), m * v + (1 - m) * g),
                "the gradient is added to the velocity with the factor 1",
            ),
            wrong(
                lambda w, v, g, r, m: (w - r * g, m * v + g),
                "the weight moves by the new velocity, not by the gradient",
            ),
        ),
    ),
    Exercise(
        name="map_sizes",
        right=map_sizes,
        cases=SIZES,
        mistakes=(
            wrong(lambda n, s, p: floor_sizes((n + 6 - 7) // s + 1, p), "the pools round up"),
            wrong(lambda n, s, p: map_sizes(n - 6, s, p), "conv1 has padding 3 on both sides"),
            wrong(lambda n, _, p: map_sizes(n, 2, p), "the stride of conv1 is an argument"),
            wrong(lambda n, s, p: map_sizes(n, s, p)[1:], "the size after conv1 is missing"),
            wrong(lambda n, s, p: map_sizes(n, s, p)[::-1], "list the sizes from the image on"),
        ),
    ),
)
