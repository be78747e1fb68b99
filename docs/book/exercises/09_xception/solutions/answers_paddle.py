"""Solutions to the exercises of chapter 9, Xception."""

import paddle


# %% grouped_weights
def grouped_weights(inputs, outputs, kernel, groups):
    """Returns the number of weights of a grouped convolution without biases."""
    return outputs * (inputs // groups) * kernel**2


# %% separable_share
def separable_share(inputs, outputs, kernel):
    """Returns the weights of a separable convolution as a share of the full one's."""
    return (kernel**2 * inputs + inputs * outputs) / (kernel**2 * inputs * outputs)


# %% halving_parameters
first = 9 * 256 + 256 * 728
second = 9 * 728 + 728 * 728
shortcut = 256 * 728
halving_parameters = first + second + shortcut + 3 * 2 * 728


# %% merged_kernel
def merged_kernel(depthwise, pointwise):
    """Returns the kernel O x C x 3 x 3 for NumPy arrays C x 1 x 3 x 3 and O x C x 1 x 1."""
    return paddle.to_tensor(pointwise) * paddle.to_tensor(
        depthwise[:, 0]
    )  # O x C x 1 x 1 times C x 3 x 3
