"""Exercises of chapter 2, why Inception. Replace each `...` by your answer.

Grade this file with `googlenet exercise 02 answers_paddle.py`.
"""

import numpy as np
from paddle import nn


def reduced_weights(channels, reduced, filters, kernel):
    """Returns the weights of a 1x1 reduction and the convolution after it; try nn.Conv2D."""
    return ...


break_even = ...


def naive_channels(channels, modules):
    """Returns the channels after naive modules [(ch1x1, ch3x3, ch5x5), ...]."""
    return ...


nin_parameters = ...


def work_per_parameter(layers):
    """Returns multiply-adds per weight of layers [(inputs, filters, kernel, side), ...]."""
    return ...


def joined_kernel(kernel1x1, kernel3x3):
    """Returns one 3x3 kernel that does the work of both, side by side.

    All kernels are NumPy arrays: output channels x input channels x rows x columns.
    """
    return ...
