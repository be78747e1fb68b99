"""The exercises of chapter 3, GoogLeNet."""

import numpy as np
from numpy.typing import NDArray

from common.tools.exercises.exercise import Exercise, wrong

Row = tuple[int, int, int, int, int, int]
Windows = list[tuple[int, int, int]]


def convolutions(channels: int, row: Row) -> list[tuple[int, int, int]]:
    """The (inputs, filters, kernel) of a module's six convolutions."""
    ch1x1, reduce3x3, ch3x3, reduce5x5, ch5x5, project = row
    reductions = [(channels, n, 1) for n in (ch1x1, reduce3x3, reduce5x5, project)]
    return [*reductions, (reduce3x3, ch3x3, 3), (reduce5x5, ch5x5, 5)]


def module_parameters(channels: int, row: Row) -> int:
    """The parameters of an Inception module."""
    return sum(c * d * k * k + d for c, d, k in convolutions(channels, row))


def head_parameters(channels: int, classes: int) -> int:
    """The parameters of an auxiliary classifier after a map of 14 x 14."""
    return channels * 128 + 128 + 128 * 4 * 4 * 1024 + 1024 + 1024 * classes + classes


def field_of(layers: Windows, place: int) -> tuple[int, int]:
    """The first and last pixel that a place after these layers depends on."""
    size, distance, before = 1, 1, 0
    for kernel, stride, padding in layers:
        size += (kernel - 1) * distance
        before += padding * distance
        distance *= stride
    first = place * distance - before
    return first, first + size - 1


def class_map(maps: NDArray, weights: NDArray, biases: NDArray) -> NDArray:
    """The logits of each place, classes x rows x columns."""
    return np.asarray(np.einsum("kc,cyx->kyx", weights, maps) + biases[:, None, None])


def pixels_of_padding(layers: Windows, place: int) -> tuple[int, int]:
    """A field with each layer's padding counted in pixels of the image."""
    first, last = field_of([(k, s, 0) for k, s, _ in layers], place)
    before = sum(padding for *_, padding in layers)
    return first - before, last - before


ROWS = (
    (192, (64, 96, 128, 16, 32, 32)),
    (528, (256, 160, 320, 32, 128, 128)),
    (832, (384, 192, 384, 48, 128, 128)),
)
LAYERS = [(7, 2, 3), (3, 2, 0), (3, 1, 1), (3, 2, 0)]
FIELDS = ((LAYERS[:1], 5), (LAYERS, 3), ([*LAYERS, (5, 1, 2)], 14))
NUMBERS = np.random.default_rng(3)
MAPS = (NUMBERS.normal(size=(5, 2, 3)), NUMBERS.normal(size=(4, 5)), NUMBERS.normal(size=4))
FLAT = 1024 * 7 * 7
ENDING = (FLAT * 4096 + 4096) + (4096 * 4096 + 4096) + (4096 * 1000 + 1000)

EXERCISES = (
    Exercise(
        name="module_parameters",
        right=module_parameters,
        cases=ROWS,
        mistakes=(
            wrong(
                lambda c, row: sum(a * b * k * k for a, b, k in convolutions(c, row)),
                "the biases are missing",
            ),
            wrong(
                lambda c, row: module_parameters(c, row) - c * row[5] - row[5],
                "the projection after the pooling is missing",
            ),
            wrong(
                lambda c, row: sum(a * b * k * k + b for a, b, k in convolutions(c, row)[:4]),
                "these are the four 1x1 convolutions only",
            ),
            wrong(
                lambda c, row: module_parameters(c, (row[0], row[2], row[1], *row[3:])),
                "the row has the reduction before the filters of the 3x3 convolution",
            ),
            wrong(
                lambda c, row: module_parameters(c, row) + 9 * (c - row[1]) * row[2],
                "the 3x3 convolution reads the reduced map, not the input of the module",
            ),
        ),
    ),
    Exercise(
        name="vgg_ending",
        right=lambda: ENDING,
        mistakes=(
            wrong(ENDING - 4096 - 4096 - 1000, "the biases are missing"),
            wrong(FLAT * 1000 + 1000, "this is a single fully connected layer; VGG has three"),
            wrong(
                ENDING - (FLAT - 512 * 7 * 7) * 4096,
                "this is VGG's own ending; GoogLeNet's last map has more channels",
            ),
            wrong(
                ENDING - (FLAT - 1024) * 4096,
                "without the average, every place of the last map is read",
            ),
            wrong(ENDING - 4096 * 4096 - 4096, "there are two layers of 4096 numbers"),
        ),
    ),
    Exercise(
        name="head_parameters",
        right=head_parameters,
        cases=((512, 1000), (528, 1000), (512, 10)),
        mistakes=(
            wrong(
                lambda c, n: head_parameters(c, n) - 128 - 1024 - n,
                "the biases are missing",
            ),
            wrong(
                lambda c, n: head_parameters(c, n) - 128 * 15 * 1024,
                "the map before fc1 has several places, and all of them are read",
            ),
            wrong(
                lambda c, n: head_parameters(c, n) + 128 * (14 * 14 - 16) * 1024,
                "the average pooling makes the map smaller before the convolution",
            ),
            wrong(
                lambda c, n: head_parameters(c, n) + 128 * 9 * 1024,
                "5 x 5 windows with stride 3 fit into 14 rows fewer times than this",
            ),
            wrong(lambda c, n: head_parameters(c, n) - c * 128 - 128, "the convolution is missing"),
        ),
    ),
    Exercise(
        name="smallest_side",
        right=lambda: 31,
        mistakes=(
            wrong(1, "a pooling that rounds up still needs a window that begins inside its map"),
            wrong(30, "with this side, the last pooling gets a map of a single row"),
            wrong(32, "this side works, but there is a smaller one"),
            wrong(79, "this is for the network with its auxiliary classifiers"),
            wrong(224, "this is the published size; the average at the end accepts others"),
        ),
    ),
    Exercise(
        name="field_of",
        right=field_of,
        cases=FIELDS,
        mistakes=(
            wrong(
                lambda layers, place: field_of([(k, s, 0) for k, s, _ in layers], place),
                "padding moves the field towards the beginning of the image",
            ),
            wrong(
                lambda layers, place: (field_of(layers, place)[0], field_of(layers, place)[1] + 1),
                "the second number is the last pixel that is seen, not the one after it",
            ),
            wrong(
                pixels_of_padding,
                "a layer's padding counts in its own pixels, which are several of the image",
            ),
            wrong(
                lambda layers, place: field_of(layers, place + 1),
                "places are counted from 0",
            ),
            wrong(
                lambda layers, place: field_of(layers, place)[1] - field_of(layers, place)[0] + 1,
                "this is the size of the field; give its first and last pixel",
            ),
        ),
    ),
    Exercise(
        name="class_map",
        right=class_map,
        cases=(MAPS,),
        mistakes=(
            wrong(
                lambda maps, weights, biases: class_map(maps, weights, 0 * biases),
                "the biases are missing",
            ),
            wrong(
                lambda maps, weights, biases: class_map(maps, weights, biases).mean(axis=(1, 2)),
                "these are the logits; give a map for each class",
            ),
            wrong(
                lambda maps, weights, biases: class_map(maps, weights, biases / 6),
                "the average over the places must give the logits: do not divide the biases",
            ),
            wrong(
                lambda maps, weights, biases: np.maximum(class_map(maps, weights, biases), 0),
                "there is no ReLU after the classifier",
            ),
            wrong(
                lambda maps, weights, biases: class_map(maps, weights, biases).transpose(1, 2, 0),
                "the order is classes, rows, columns",
            ),
        ),
    ),
)
