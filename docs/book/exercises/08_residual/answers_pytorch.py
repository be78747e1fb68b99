"""Exercises of chapter 8, residual connections. Replace each `...` by your answer.

Grade this file with `googlenet exercise 08 answers_pytorch.py`.
"""

import torch


def growth_factor(scale, blocks):
    """Returns the factor by which the standard deviation grows over some residual blocks."""
    return ...


block17_parameters = ...


def residual_output(x, branch, scale):
    """Returns the output of a residual block for NumPy arrays; it may be a tensor."""
    return ...


def folded_rate(rate, scale):
    """Returns the learning rate that fits weights into which the scale was moved."""
    return ...


googlenet_shortcuts = ...
