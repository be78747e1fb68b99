# %% setup
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
numbers = np.random.default_rng(1)
image = numbers.normal(size=(1, 3, 224, 224))  # images, channels, rows, columns
kernel = numbers.normal(size=(64, 3, 7, 7)) / 10
bias = numbers.normal(size=64)

# %% convolution tags=["same"]
conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3)
with torch.no_grad():
    conv1.weight.copy_(torch.from_numpy(kernel))
    conv1.bias.copy_(torch.from_numpy(bias))
    maps = conv1(torch.from_numpy(image))
count, channels, rows, columns = maps.shape
print(f"conv1: {channels} maps of {rows} x {columns}")

# %% pooling tags=["same"]
for ceil_mode in (False, True):
    pool = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=ceil_mode)
    rows = pool(maps).shape[2]
    print(f"{'ceil' if ceil_mode else 'floor'}: {rows} rows")

# %% by_hand tags=["same"]
padded = np.pad(image, ((0, 0), (0, 0), (3, 3), (3, 3)))
row, column = 10, 20
window = padded[0, :, 2 * row : 2 * row + 7, 2 * column : 2 * column + 7]
by_hand = (kernel[5] * window).sum() + bias[5]
by_layer = maps[0, 5, row, column].item()
print(f"by hand: {by_hand:.10f}")
print(f"by the layer: {by_layer:.10f}")

# %% all_of_it tags=["same"]
windows = np.lib.stride_tricks.sliding_window_view(padded[0], (7, 7), axis=(1, 2))[:, ::2, ::2]
expected = np.einsum("cyxij,ocij->oyx", windows, kernel) + bias[:, None, None]
difference = np.abs(maps[0].numpy() - expected).max()
print(f"{expected.size:,} values, largest difference below 1e-12: {difference < 1e-12}")

# %% parameters tags=["same"]
weights, biases = conv1.weight.numel(), conv1.bias.numel()
print(f"weights: {weights:,}")
print(f"biases: {biases:,}")
print(f"parameters: {weights + biases:,}")
print(f"multiply-adds: {weights * 112 * 112:,}")

# %% same_padding tags=["same"]
x = torch.from_numpy(image)
same = F.conv2d(F.pad(x, (2, 3, 2, 3)), conv1.weight, conv1.bias, stride=2)
print(f"SAME: {same.shape[2]} rows")
print(f"padding 3: {maps.shape[2]} rows")
apart = (same - maps).abs().max().item()
print(f"largest difference: {apart:.2f}, largest value: {maps.abs().max().item():.2f}")
