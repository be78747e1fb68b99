"""Exercises of chapter 6, batch normalization. Replace each `...` by your answer.

Grade this file with `googlenet exercise 06 answers_pytorch.py`. The arrays that the functions
receive are NumPy's; a result may be an array or a tensor.
"""

import torch


def normalize(x, gamma, beta, eps):
    """Returns batch norm in training of maps N x C x H x W; gamma and beta have C numbers."""
    return ...


def running(values, keep, start):
    """Returns the running value after the batches whose values are given, beginning at start."""
    return ...


pytorch_momentum = ...


def folded(gamma, beta, mean, variance, eps):
    """Returns the pair (factor, bias), each of C numbers, so that norm(x) = factor * x + bias."""
    return ...


numbers_of_batch_norm = ...
