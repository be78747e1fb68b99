"""Solutions to the exercises of chapter 2, why Inception."""

import numpy as np
from torch import nn


# %% reduced_weights
def reduced_weights(channels, reduced, filters, kernel):
    """Returns the weights of a 1x1 reduction and the convolution after it."""
    return channels * reduced + kernel * kernel * reduced * filters


# %% break_even
break_even = max(n for n in range(1, 193) if reduced_weights(192, n, 32, 5) < 5 * 5 * 192 * 32)


# %% naive_channels
def naive_channels(channels, modules):
    """Returns the channels after naive modules [(ch1x1, ch3x3, ch5x5), ...]."""
    after = []
    for filters in modules:
        channels += sum(filters)  # the pooled map keeps the channels of the input
        after.append(channels)
    return after


# %% nin_parameters
NIN = [(3, 96, 11), (96, 96, 1), (96, 96, 1), (96, 256, 5), (256, 256, 1), (256, 256, 1)]
NIN += [(256, 384, 3), (384, 384, 1), (384, 384, 1)]
NIN += [(384, 1024, 3), (1024, 1024, 1), (1024, 1000, 1)]
blocks = [nn.Conv2d(c, d, k) for c, d, k in NIN]
nin_parameters = sum(array.numel() for block in blocks for array in block.parameters())


# %% work_per_parameter
def work_per_parameter(layers):
    """Returns multiply-adds per weight of layers [(inputs, filters, kernel, side), ...]."""
    weights = [c * d * k * k for c, d, k, _ in layers]
    sides = [side for *_, side in layers]
    return sum(w * side * side for w, side in zip(weights, sides, strict=True)) / sum(weights)


# %% joined_kernel
def joined_kernel(kernel1x1, kernel3x3):
    """Returns one 3x3 kernel that does the work of both, side by side."""
    around = ((0, 0), (0, 0), (1, 1), (1, 1))
    return np.concatenate([np.pad(kernel1x1, around), kernel3x3])
