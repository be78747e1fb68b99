"""Exercises of chapter 9, Xception. Replace each `...` by your answer.

Grade this file with `googlenet exercise 09 answers_pytorch.py`.
"""

import torch


def grouped_weights(inputs, outputs, kernel, groups):
    """Returns the number of weights of a grouped convolution without biases."""
    return ...


def separable_share(inputs, outputs, kernel):
    """Returns the weights of a separable convolution as a share of the full one's."""
    return ...


halving_parameters = ...


def merged_kernel(depthwise, pointwise):
    """Returns the kernel O x C x 3 x 3 for NumPy arrays C x 1 x 3 x 3 and O x C x 1 x 1."""
    return ...
