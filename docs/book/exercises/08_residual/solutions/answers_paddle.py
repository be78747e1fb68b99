"""Solutions to the exercises of chapter 8, residual connections."""

from itertools import pairwise

import paddle


# %% growth_factor
def growth_factor(scale, blocks):
    """Returns the factor by which the standard deviation grows over some residual blocks."""
    return (1 + scale**2) ** (blocks / 2)


# %% block17_parameters
weights = 1088 * 192 + 1088 * 128 + 7 * 128 * 160 + 7 * 160 * 192
norms = 2 * (192 + 128 + 160 + 192)
block17_parameters = weights + norms + (192 + 192) * 1088 + 1088


# %% residual_output
def residual_output(x, branch, scale):
    """Returns the output of a residual block for NumPy arrays; it may be a tensor."""
    return paddle.nn.functional.relu(paddle.to_tensor(x + scale * branch))


# %% folded_rate
def folded_rate(rate, scale):
    """Returns the learning rate that fits weights into which the scale was moved."""
    return rate * scale**2


# %% googlenet_shortcuts
widths = [192, 256, 480, 512, 512, 512, 528, 832, 832, 1024]
googlenet_shortcuts = sum(a == b for a, b in pairwise(widths))
