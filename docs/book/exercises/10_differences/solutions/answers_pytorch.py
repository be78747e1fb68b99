"""Solutions to the exercises of chapter 10, the same network with other numbers."""

import torch
from torch.nn import functional as F


# %% border_average
def border_average(row, counted):
    """Returns the averages of size 3, stride 1 and padding 1."""
    x = torch.tensor(row)[None, None]
    return F.avg_pool1d(x, 3, stride=1, padding=1, count_include_pad=counted)[0, 0]


# %% alpha_for_tensorflow
alpha_for_tensorflow = 1e-4 / 5


# %% depthwise_to_keras
def depthwise_to_keras(kernel, channels):
    """Returns a kernel (channels x multiplier, 1, h, w) as (h, w, channels, multiplier)."""
    _, _, rows, columns = kernel.shape
    return kernel.reshape(channels, -1, rows, columns).transpose(2, 3, 0, 1)


# %% for_channels_last
def for_channels_last(matrix, channels, rows, columns):
    """Returns the matrix (out, c h w) with its columns in the order h, w, c."""
    parts = matrix.reshape(-1, channels, rows, columns)
    return parts.transpose(0, 2, 3, 1).reshape(len(matrix), -1)


# %% first_adam_step
def first_adam_step(gradient, eps, before):
    """Returns Adam's first step at rate 1, with eps before or after the correction."""
    mean, square = (1 - 0.9) * gradient, (1 - 0.999) * gradient**2
    if before:
        return (1 - 0.999) ** 0.5 / (1 - 0.9) * mean / (square**0.5 + eps)
    return mean / (1 - 0.9) / ((square / (1 - 0.999)) ** 0.5 + eps)
