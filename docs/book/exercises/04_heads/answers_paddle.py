"""Exercises of chapter 4, the auxiliary classifiers. Replace each `...` by your answer.

Grade this file with `googlenet exercise 04 answers_paddle.py`. Arrays are NumPy arrays.
"""

head_parameters = ...
loss_at_start = ...


def training_loss(logits, aux1, aux2, labels):
    """Returns the loss of a batch, from three arrays N x classes and N class numbers."""
    return ...


def gradient_ratio(main, aux1, aux2):
    """Returns a layer's gradient norm with the heads, divided by that without them."""
    return ...


def adaptive_windows(n, m):
    """Returns the pairs (start, end) of m windows over n pixels."""
    return ...
