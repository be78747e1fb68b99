"""Solutions to the exercises of chapter 6, batch normalization."""

import paddle


# %% normalize
def normalize(x, gamma, beta, eps):
    """Returns batch norm in training of maps N x C x H x W; gamma and beta have C numbers."""
    x, gamma, beta = map(paddle.to_tensor, (x, gamma, beta))
    mean = x.mean(axis=(0, 2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean(axis=(0, 2, 3), keepdim=True)
    return gamma[:, None, None] * (x - mean) / (variance + eps).sqrt() + beta[:, None, None]


# %% running
def running(values, keep, start):
    """Returns the running value after the batches whose values are given, beginning at start."""
    for value in values:
        start = keep * start + (1 - keep) * value
    return start


# %% pytorch_momentum
pytorch_momentum = 1 - 0.9997


# %% folded
def folded(gamma, beta, mean, variance, eps):
    """Returns the pair (factor, bias), each of C numbers, so that norm(x) = factor * x + bias."""
    factor = gamma / (variance + eps) ** 0.5
    return factor, beta - factor * mean


# %% numbers_of_batch_norm
numbers_of_batch_norm = 4 * (64 + 96 + 128 + 16 + 32 + 32)
