"""Exercises of chapter 3, GoogLeNet. Replace each `...` by your answer.

Grade this file with `googlenet exercise 03 answers_paddle.py`.
"""

import numpy as np


def module_parameters(channels, row):
    """Returns the parameters of the module with this row of the table, biases included."""
    return ...


vgg_ending = ...


def head_parameters(channels, classes):
    """Returns the parameters of an auxiliary classifier behind a map of 14 x 14."""
    return ...


smallest_side = ...


def field_of(layers, place):
    """Returns the first and last pixel that a place depends on.

    The layers are [(kernel, stride, padding), ...] from the image on; places count from 0.
    """
    return ...


def class_map(maps, weights, biases):
    """Returns the map of each class, classes x rows x columns; all are NumPy arrays.

    The maps are channels x rows x columns, the classifier's weights classes x channels.
    """
    return ...
