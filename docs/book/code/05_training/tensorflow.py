# %% setup
import time
from math import log, prod
from zlib import crc32

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

keras.config.set_floatx("float64")
digits = load_digits()
order = np.random.default_rng(0).permutation(len(digits.target))
x = digits.images[..., None] / 16  # images, rows, columns, channels
y = digits.target
x_train, y_train, x_test, y_test = x[order[360:]], y[order[360:]], x[order[:360]], y[order[:360]]


# %% module
def inception(x, name, c1, r3, c3, r5, c5, pool):
    """Four branches side by side: 1x1, 3x3, 5x5 and a max pool, each with a 1x1 convolution."""

    def conv(x, part, channels, kernel=1, activation=None):
        options = {"padding": "same", "activation": activation, "name": f"{name}_{part}"}
        return layers.Conv2D(channels, kernel, **options)(x)

    branch3 = conv(conv(x, "reduce3", r3, activation="relu"), "conv3", c3, 3)
    branch5 = conv(conv(x, "reduce5", r5, activation="relu"), "conv5", c5, 5)
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branches = [conv(x, "conv1", c1), branch3, branch5, conv(pooled, "project", pool)]
    return layers.ReLU()(layers.Concatenate()(branches))


# %% network tags=["same"]
def make_net():
    """A GoogLeNet for images of 8 x 8 pixels: a convolution, two modules, a classifier."""
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="stem")(image)
    x = inception(x, "a", 8, 8, 12, 4, 4, 8)  # 8 x 8 x 32
    x = layers.MaxPooling2D(2)(x)
    x = inception(x, "b", 16, 16, 24, 8, 8, 16)  # 4 x 4 x 64
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, name="fc")(x))


net = make_net()
print(f"parameters: {net.count_params():,}")
print(f"training images: {len(x_train):,}, test images: {len(x_test)}")


# %% start
def start(net, scale=1.0):
    """Draws the weights with NumPy, with `scale` times the deviation of He et al.; biases are 0."""
    for layer in net.layers:
        if layer.weights:
            name = layer.name.replace("_", ".")
            kernel, bias = layer.get_weights()
            shape = np.moveaxis(kernel, (-1, -2), (0, 1)).shape  # outputs, inputs, rows, columns
            numbers = np.random.default_rng(crc32(name.encode()))
            values = scale * np.sqrt(2 / prod(shape[1:])) * numbers.normal(size=shape)
            layer.set_weights([np.moveaxis(values, (0, 1), (-1, -2)), np.zeros_like(bias)])
    return net


# %% evaluate
def evaluate(net, x, y):
    """The loss and the accuracy on a set of images."""
    return net.evaluate(x, y, batch_size=len(x), verbose=0)


# %% train
def train(net, epochs, rate=1 / 32, orders=None):
    """Trains by SGD with momentum; returns loss and accuracy in training and test, per epoch."""
    net.compile(
        keras.optimizers.SGD(rate, momentum=7 / 8),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    rows = []
    for epoch in range(epochs):
        order = orders[epoch] if orders else np.arange(len(x_train))
        options = {"batch_size": 32, "shuffle": orders is None, "verbose": 0}
        history = net.fit(x_train[order], y_train[order], **options).history
        means = history["loss"][0], history["accuracy"][0]
        rows.append((*means, *evaluate(net, x_test, y_test)))
    return rows


# %% shared tags=["same"]
numbers = np.random.default_rng(1)
orders = [numbers.permutation(len(x_train)) for _ in range(6)]
began = time.perf_counter()
rows = train(start(make_net()), epochs=6, orders=orders)
seconds = time.perf_counter() - began
print("epoch    loss   accuracy  test loss  test accuracy")
for epoch, row in enumerate(rows, 1):
    print(f"{epoch:5} {row[0]:9.6f} {row[1]:8.4f} {row[2]:10.6f} {row[3]:10.4f}")

# %% speed tags=["measured"]
print(f"images a second in training: {6 * len(x_train) / seconds:,.0f}")

# %% stalls tags=["same"]
rows = train(start(make_net(), scale=0.1), epochs=2, orders=orders)
print("losses:", ", ".join(f"{row[0]:.6f}" for row in rows))
print("test accuracy:", ", ".join(f"{row[3]:.4f}" for row in rows))
print(f"ln(10) = {log(10):.6f}")

# %% explodes
batches = [orders[0][first : first + 32] for first in range(0, 256, 32)]
rows = train(start(make_net(), scale=16), epochs=8, orders=batches)  # "epochs" of a single batch
print("losses:", *(f"{row[0]:.1e}" for row in rows))

# %% own
keras.utils.set_random_seed(0)
rows = train(make_net(), epochs=6)
for epoch, row in enumerate(rows, 1):
    print(f"{epoch:5} {row[0]:7.3f} {row[1]:7.3f} {row[2]:7.3f} {row[3]:7.3f}")

# %% whole
from common import networks
from common.data.images import batch, photographs
from tensorflow_impl import network

spec = networks.network("googlenet")
images = batch(photographs(), spec.input, spec.preprocess).transpose(0, 2, 3, 1)
keras.utils.set_random_seed(0)
church, daisy = network("googlenet")(images.astype("float64"), training=False)
print(f"largest logit: {np.abs(church).max():.0e}")
print(f"largest difference between two photographs: {np.abs(church - daisy).max():.0e}")
