# %% setup
import keras
import numpy as np
from keras import layers

keras.config.set_floatx("float64")
numbers = np.random.default_rng(1)
image = numbers.normal(size=(1, 3, 224, 224))  # drawn as images, channels, rows, columns
kernel = numbers.normal(size=(64, 3, 7, 7)) / 10
bias = numbers.normal(size=64)

# %% convolution tags=["same"]
conv1 = layers.Conv2D(64, kernel_size=7, strides=2)
pad = layers.ZeroPadding2D(3)
x = image.transpose(0, 2, 3, 1)  # images, rows, columns, channels
conv1.build((1, 230, 230, 3))
conv1.set_weights([kernel.transpose(2, 3, 1, 0), bias])
maps = conv1(pad(x))
count, rows, columns, channels = maps.shape
print(f"conv1: {channels} maps of {rows} x {columns}")

# %% pooling tags=["same"]
for padding in ("valid", "same"):
    pool = layers.MaxPooling2D(pool_size=3, strides=2, padding=padding)
    rows = pool(maps).shape[1]
    print(f"{'ceil' if padding == 'same' else 'floor'}: {rows} rows")

# %% by_hand tags=["same"]
padded = np.pad(image, ((0, 0), (0, 0), (3, 3), (3, 3)))
row, column = 10, 20
window = padded[0, :, 2 * row : 2 * row + 7, 2 * column : 2 * column + 7]
by_hand = (kernel[5] * window).sum() + bias[5]
by_layer = float(maps[0, row, column, 5])
print(f"by hand: {by_hand:.10f}")
print(f"by the layer: {by_layer:.10f}")

# %% all_of_it tags=["same"]
windows = np.lib.stride_tricks.sliding_window_view(padded[0], (7, 7), axis=(1, 2))[:, ::2, ::2]
expected = np.einsum("cyxij,ocij->oyx", windows, kernel) + bias[:, None, None]
difference = np.abs(np.transpose(maps[0], (2, 0, 1)) - expected).max()
print(f"{expected.size:,} values, largest difference below 1e-12: {difference < 1e-12}")

# %% parameters tags=["same"]
weights, biases = (int(np.prod(array.shape)) for array in conv1.weights)
print(f"weights: {weights:,}")
print(f"biases: {biases:,}")
print(f"parameters: {weights + biases:,}")
print(f"multiply-adds: {weights * 112 * 112:,}")

# %% same_padding tags=["same"]
as_keras = layers.Conv2D(64, kernel_size=7, strides=2, padding="same")
as_keras.build(x.shape)
as_keras.set_weights(conv1.get_weights())
same = as_keras(x)
print(f"SAME: {same.shape[1]} rows")
print(f"padding 3: {maps.shape[1]} rows")
apart = np.abs(same - maps).max()
print(f"largest difference: {apart:.2f}, largest value: {np.abs(maps).max():.2f}")
