"""Exercises of chapter 7, factorizing convolutions. Replace each `...` by your answer.

Grade this file with `googlenet exercise 07 answers_tensorflow.py`. The arrays that the functions
receive are NumPy's; a result may be a number or a tensor.
"""

import keras


def saved(n):
    """Returns the share of weights that 1 x n and n x 1 save in comparison with n x n."""
    return ...


branch_weights = ...
reduction_multiply_adds = ...


def smoothed_loss(logits, label, epsilon):
    """Returns the cross-entropy of one image's logits with label smoothing."""
    return ...


def largest_gap(classes, epsilon):
    """Returns the logit of the right class less that of a wrong one where the loss is least."""
    return ...
