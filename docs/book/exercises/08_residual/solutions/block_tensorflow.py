"""Solution to the exercise of chapter 8, "Write block17"."""

import keras
from keras import layers

from tensorflow_impl import network

NAME = "inception_resnet_v2"


# %% block17
def conv(x, channels, kernel):
    """Adds a convolution that keeps the size of the map, batch normalization and ReLU."""
    x = layers.Conv2D(channels, kernel, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(epsilon=1e-3)(x))


def block17(x):
    """Adds the residual block on maps of 17 x 17, with 1088 channels."""
    first = conv(x, 192, 1)
    second = conv(conv(conv(x, 128, 1), 160, (1, 7)), 192, (7, 1))
    branch = layers.Conv2D(1088, 1)(layers.Concatenate()([first, second]))
    return layers.ReLU()(layers.Add()([x, layers.Rescaling(0.1)(branch)]))


# %% network
def build():
    """Returns Inception-ResNet-v2 for images of 75 x 75 pixels, with the block above."""
    before = network(NAME, (3, 75, 75), until="mixed_6a")
    after = network(NAME, (1088, 3, 3), since="mixed_7a")
    x = before.output
    for _ in range(20):
        x = block17(x)
    return keras.Model(before.input, after(x))


net = build()
