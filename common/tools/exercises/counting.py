"""The exercises of chapter 1, counting and shapes."""

from math import ceil as ceiling

from common.tools.exercises.exercise import Exercise, wrong


def output_size(n: int, kernel: int, stride: int, padding: int, ceil: bool) -> int:
    """The outputs along one axis, as in Caffe and PyTorch."""
    steps = (n + 2 * padding - kernel) / stride
    size = (ceiling(steps) if ceil else int(steps)) + 1
    return size - 1 if ceil and (size - 1) * stride >= n + padding else size


def receptive_field(layers: list[tuple[int, int]]) -> int:
    """The pixels along one axis that a number after these layers depends on."""
    field = distance = 1
    for kernel, stride in layers:
        field += (kernel - 1) * distance
        distance *= stride
    return field


def same_padding(n: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's padding before and after the image."""
    total = max(0, (ceiling(n / stride) - 1) * stride + kernel - n)
    return total // 2, total - total // 2


SIZES = ((224, 7, 2, 3, False), (112, 3, 2, 0, True), (112, 3, 2, 0, False), (6, 2, 2, 1, True))
LAYERS = (
    ([(7, 2)],),
    ([(7, 2), (3, 2)],),
    ([(7, 2), (3, 2), (1, 1), (3, 1), (3, 2)],),
)
PADDED = ((224, 7, 2), (112, 3, 2), (56, 3, 1), (7, 1, 2), (8, 1, 2))
CONV2, CONV3 = 64 * 64, 3 * 3 * 64 * 192

EXERCISES = (
    Exercise(
        name="output_size",
        right=output_size,
        cases=(*SIZES, (5, 2, 3, 1, True)),
        mistakes=(
            wrong(
                lambda n, k, s, p, _: int((n + 2 * p - k) / s) + 1,
                "it always rounds down; with ceil=True it must round up",
            ),
            wrong(
                lambda n, k, s, p, _: ceiling((n + 2 * p - k) / s) + 1,
                "it always rounds up; with ceil=False it must round down",
            ),
            wrong(
                lambda n, k, s, p, ceil: (ceiling if ceil else int)((n + 2 * p - k) / s) + 1,
                "a last window that would begin after the image and its left padding is omitted",
            ),
            wrong(
                lambda n, k, s, p, ceil: output_size(n + p, k, s, 0, ceil),
                "the padding is on both sides",
            ),
            wrong(
                lambda n, k, s, p, ceil: output_size(n, k, s, p, ceil) - 1,
                "it is one too small: the window at the start counts as well",
            ),
        ),
    ),
    Exercise(
        name="conv2_parameters",
        right=lambda: CONV2 + 64 + CONV3 + 192,
        mistakes=(
            wrong(CONV2 + CONV3, "the biases are missing"),
            wrong(CONV2 + 64, "this is the 1x1 convolution only"),
            wrong(CONV3 + 192, "this is the 3x3 convolution only"),
            wrong(64 + 64 + CONV3 // 64 + 192, "each filter covers all 64 input channels"),
            wrong(CONV2 * 9 + 64 + CONV3 + 192, "the first of the two filters is 1x1"),
        ),
    ),
    Exercise(
        name="conv3_multiply_adds",
        right=lambda: CONV3 * 56 * 56,
        mistakes=(
            wrong(CONV3 * 56, "a map has rows and columns"),
            wrong(CONV3 * 112 * 112, "the pooling halves the map before this layer"),
            wrong(CONV3 * 54 * 54, "the padding keeps the size of the map"),
            wrong(2 * CONV3 * 56 * 56, "a multiplication with its addition counts once"),
            wrong((CONV3 + 192) * 56 * 56, "biases are not counted as multiply-adds"),
        ),
    ),
    Exercise(
        name="receptive_field",
        right=receptive_field,
        cases=LAYERS,
        mistakes=(
            wrong(
                lambda layers: 1 + sum(k - 1 for k, _ in layers),
                "the strides of the layers before are not taken into account",
            ),
            wrong(
                lambda layers: 1 + sum((k - 1) * s for k, s in layers),
                "a layer counts with the product of the strides before it, not with its own",
            ),
            wrong(
                lambda layers: receptive_field([(k + 1, s) for k, s in layers]),
                "a filter of size k adds k - 1 steps, not k",
            ),
            wrong(
                lambda layers: receptive_field(layers[::-1]),
                "the layers are read from the end; they are listed from the image on",
            ),
            wrong(
                lambda layers: receptive_field(layers) ** 2,
                "this is the number of pixels of the square; give its side",
            ),
        ),
    ),
    Exercise(
        name="same_padding",
        right=same_padding,
        cases=PADDED,
        mistakes=(
            wrong(
                lambda n, k, s: same_padding(n, k, s)[::-1],
                "an odd pixel goes after the image, not before it",
            ),
            wrong(
                lambda _, k, __: ((k - 1) // 2, k // 2),
                "the padding also depends on the stride",
            ),
            wrong(
                lambda n, k, s: (sum(same_padding(n, k, s)), 0),
                "the padding is divided between the two sides",
            ),
            wrong(lambda n, k, s: same_padding(n, k, s)[0], "return a pair (before, after)"),
            wrong(
                lambda n, k, s: (
                    ((ceiling(n / s) - 1) * s + k - n) // 2,
                    -((n - k - (ceiling(n / s) - 1) * s) // 2),
                ),
                "where no padding is needed it is 0, never negative",
            ),
        ),
    ),
)
