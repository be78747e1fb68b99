# %% setup
import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

paddle.set_default_dtype("float64")
numbers = np.random.default_rng(1)
image = numbers.normal(size=(1, 3, 224, 224))  # images, channels, rows, columns
kernel = numbers.normal(size=(64, 3, 7, 7)) / 10
bias = numbers.normal(size=64)

# %% convolution tags=["same"]
conv1 = nn.Conv2D(3, 64, kernel_size=7, stride=2, padding=3)
with paddle.no_grad():
    conv1.weight.set_value(kernel)
    conv1.bias.set_value(bias)
    maps = conv1(paddle.to_tensor(image))
count, channels, rows, columns = maps.shape
print(f"conv1: {channels} maps of {rows} x {columns}")

# %% pooling tags=["same"]
for ceil_mode in (False, True):
    pool = nn.MaxPool2D(kernel_size=3, stride=2, ceil_mode=ceil_mode)
    rows = pool(maps).shape[2]
    print(f"{'ceil' if ceil_mode else 'floor'}: {rows} rows")

# %% by_hand tags=["same"]
padded = np.pad(image, ((0, 0), (0, 0), (3, 3), (3, 3)))
row, column = 10, 20
window = padded[0, :, 2 * row : 2 * row + 7, 2 * column : 2 * column + 7]
by_hand = (kernel[5] * window).sum() + bias[5]
by_layer = float(maps[0, 5, row, column])
print(f"by hand: {by_hand:.10f}")
print(f"by the layer: {by_layer:.10f}")

# %% all_of_it tags=["same"]
windows = np.lib.stride_tricks.sliding_window_view(padded[0], (7, 7), axis=(1, 2))[:, ::2, ::2]
expected = np.einsum("cyxij,ocij->oyx", windows, kernel) + bias[:, None, None]
difference = np.abs(maps[0].numpy() - expected).max()
print(f"{expected.size:,} values, largest difference below 1e-12: {difference < 1e-12}")

# %% parameters tags=["same"]
weights, biases = (int(np.prod(array.shape)) for array in conv1.parameters())
print(f"weights: {weights:,}")
print(f"biases: {biases:,}")
print(f"parameters: {weights + biases:,}")
print(f"multiply-adds: {weights * 112 * 112:,}")

# %% same_padding tags=["same"]
x = paddle.to_tensor(image)
same = F.conv2d(F.pad(x, [2, 3, 2, 3]), conv1.weight, conv1.bias, stride=2)
print(f"SAME: {same.shape[2]} rows")
print(f"padding 3: {maps.shape[2]} rows")
apart = float((same - maps).abs().max())
print(f"largest difference: {apart:.2f}, largest value: {float(maps.abs().max()):.2f}")
