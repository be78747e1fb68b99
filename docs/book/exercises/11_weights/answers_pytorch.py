"""Exercises of chapter 11, weights. Replace each `...` by your answer.

Grade this file with `googlenet exercise 11 answers_pytorch.py`. Kernels are NumPy arrays.
"""

import numpy as np
import torch


def kernel_from_keras(kernel):
    """Returns the kernel (rows, columns, in, out) as (out, in, rows, columns)."""
    return ...


file_bytes = ...


def for_bgr(kernel):
    """Returns a kernel (out, RGB, rows, columns) for images whose channels are BGR."""
    return ...


def folded_bias(gamma, beta, mean, var, eps):
    """Returns the bias of a convolution that contains the batch normalization after it."""
    return ...


def bias_for_0_to_1(kernel, bias):
    """Returns the bias that goes with the doubled kernel."""
    return ...
