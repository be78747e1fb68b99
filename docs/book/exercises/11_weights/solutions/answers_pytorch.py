"""Solutions to the exercises of chapter 11, weights."""

import torch
from torch.nn import functional as F

from pytorch_impl import googlenet


# %% kernel_from_keras
def kernel_from_keras(kernel):
    """Returns the kernel (rows, columns, in, out) as (out, in, rows, columns)."""
    return kernel.transpose(3, 2, 0, 1)


# %% file_bytes
file_bytes = sum(4 * array.numel() for array in googlenet().parameters())


# %% for_bgr
def for_bgr(kernel):
    """Returns a kernel (out, RGB, rows, columns) for images whose channels are BGR."""
    return kernel[:, ::-1]


# %% folded_bias
def folded_bias(gamma, beta, mean, var, eps):
    """Returns the bias of a convolution that contains the batch normalization after it."""
    return beta - mean * gamma / (var + eps) ** 0.5


# %% bias_for_0_to_1
def bias_for_0_to_1(kernel, bias):
    """Returns the bias that goes with the doubled kernel."""
    x = -torch.ones(1, *kernel.shape[1:], dtype=torch.float64)  # a black window, -1 everywhere
    return F.conv2d(x, torch.from_numpy(kernel), torch.from_numpy(bias))[0, :, 0, 0]
