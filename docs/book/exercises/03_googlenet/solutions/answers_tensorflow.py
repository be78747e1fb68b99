"""Solutions to the exercises of chapter 3, GoogLeNet."""

import numpy as np


# %% module_parameters
def module_parameters(channels, row):
    """Returns the parameters of the module with this row of the table, biases included."""
    ch1x1, reduce3x3, ch3x3, reduce5x5, ch5x5, project = row
    convs = [(channels, filters, 1) for filters in (ch1x1, reduce3x3, reduce5x5, project)]
    convs += [(reduce3x3, ch3x3, 3), (reduce5x5, ch5x5, 5)]
    return sum(c * d * k * k + d for c, d, k in convs)


# %% vgg_ending
sizes = [(1024 * 7 * 7, 4096), (4096, 4096), (4096, 1000)]
vgg_ending = sum(c * d + d for c, d in sizes)


# %% head_parameters
def head_parameters(channels, classes):
    """Returns the parameters of an auxiliary classifier behind a map of 14 x 14."""
    side = (14 - 5) // 3 + 1  # of the map behind the average pooling
    conv = channels * 128 + 128
    return conv + 128 * side * side * 1024 + 1024 + 1024 * classes + classes


# %% smallest_side
def fits(side):
    """Returns whether every pooling has a window that begins inside its map."""
    rows = (side + 6 - 7) // 2 + 1  # conv1
    for _ in range(4):
        rows = -(-(rows - 3) // 2) + 1  # a pooling, rounded up
        if rows < 1:
            return False
    return True


smallest_side = next(side for side in range(1, 225) if fits(side))


# %% field_of
def field_of(layers, place):
    """Returns the first and last pixel that a place depends on."""
    size, distance, before = 1, 1, 0
    for kernel, stride, padding in layers:
        size += (kernel - 1) * distance
        before += padding * distance
        distance *= stride
    first = place * distance - before
    return first, first + size - 1


# %% class_map
def class_map(maps, weights, biases):
    """Returns the map of each class, classes x rows x columns."""
    return np.einsum("kc,cyx->kyx", weights, maps) + biases[:, None, None]
