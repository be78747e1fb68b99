"""Solutions to the exercises of chapter 12, speed."""

import paddle
from paddle import nn

# %% least_ms
multiply_adds = 1_582_671_872
a_second = 4 * 3.0e9 * 16
least_ms = 1000 * multiply_adds / a_second

# %% relu_bytes
conv1 = nn.Conv2D(3, 64, 7, stride=2, padding=3)
maps = conv1(paddle.zeros([1, 3, 224, 224]))
relu_bytes = 2 * maps.size * maps.element_size()


# %% speedup
def speedup(plain, tuned):
    """Returns how many times as fast the second program is, from lists of seconds."""
    return min(plain) / min(tuned)


# %% whole_speedup
def whole_speedup(share, factor):
    """Returns the speed-up if a share of the time becomes shorter by a factor."""
    return 1 / (1 - share + share / factor)


# %% folded_kernel
def folded_kernel(kernel, gamma, var, eps):
    """Returns the kernel (out, in, rows, columns) that contains the batch normalization."""
    return kernel * (gamma / (var + eps) ** 0.5)[:, None, None, None]
