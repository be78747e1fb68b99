"""Solutions to the exercises of chapter 1, counting and shapes."""

import keras
from keras import layers


# %% output_size
def output_size(n, kernel, stride, padding, ceil):
    """Returns the number of outputs along one axis, as Caffe and PyTorch count them."""
    steps = n + 2 * padding - kernel
    size = (-(-steps // stride) if ceil else steps // stride) + 1
    if ceil and (size - 1) * stride >= n + padding:
        size -= 1  # the last window would begin behind the image and its left padding
    return size


# %% conv2_parameters
net = keras.Sequential([layers.Input((56, 56, 64)), layers.Conv2D(64, 1), layers.Conv2D(192, 3)])
conv2_parameters = net.count_params()

# %% conv3_multiply_adds
conv3_multiply_adds = 3 * 3 * 64 * 192 * 56 * 56


# %% receptive_field
def receptive_field(layers):
    """Returns the pixels that one number behind the layers [(kernel, stride), ...] depends on."""
    field = distance = 1
    for kernel, stride in layers:
        field += (kernel - 1) * distance
        distance *= stride
    return field


# %% same_padding
def same_padding(n, kernel, stride):
    """Returns the pair (before, after) that TensorFlow's "same" adds."""
    outputs = -(-n // stride)
    total = max(0, (outputs - 1) * stride + kernel - n)
    return total // 2, total - total // 2
