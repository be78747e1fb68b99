"""Exercises of chapter 1, counting and shapes. Replace each `...` by your answer.

Grade this file with `googlenet exercise 01 answers_tensorflow.py`.
"""

from keras import layers


def output_size(n, kernel, stride, padding, ceil):
    """Returns the number of outputs along one axis; try it against layers.MaxPooling2D."""
    return ...


conv2_parameters = ...
conv3_multiply_adds = ...


def receptive_field(layers):
    """Returns the pixels that one number behind the layers [(kernel, stride), ...] depends on."""
    return ...


def same_padding(n, kernel, stride):
    """Returns the pair (before, after) that TensorFlow's "same" adds."""
    return ...
