"""Solution to the exercise of chapter 3: the GoogLeNet of Dive into Deep Learning."""

import keras
from keras import layers

MODULES = {
    #     1x1  3x3r 3x3  5x5r 5x5  pool
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def conv_relu(x, filters, kernel, strides=1):
    """Returns a convolution with its ReLU, applied to x."""
    return layers.Conv2D(filters, kernel, strides, padding="same", activation="relu")(x)


def pool(x):
    """Returns x halved by a max pool with padding 1."""
    # After a ReLU, the zeros of the padding never exceed the maximum.
    return layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))


def inception(x, ch1x1, ch3x3_reduce, ch3x3, ch5x5_reduce, ch5x5, pool_proj):
    """Returns figure 2b of the paper, applied to x."""
    branch1 = conv_relu(x, ch1x1, 1)
    branch2 = conv_relu(conv_relu(x, ch3x3_reduce, 1), ch3x3, 3)
    branch3 = conv_relu(conv_relu(x, ch5x5_reduce, 1), ch5x5, 5)
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv_relu(pooled, pool_proj, 1)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def googlenet(classes=10):
    """Returns the network for grey images of 96 x 96 pixels."""
    inputs = keras.Input((96, 96, 1))
    x = layers.Conv2D(64, 7, strides=2, activation="relu")(layers.ZeroPadding2D(3)(inputs))
    x = conv_relu(conv_relu(pool(x), 64, 1), 192, 3)
    x = pool(x)
    for name, row in MODULES.items():
        x = inception(x, *row)
        if name in ("3b", "4e"):
            x = pool(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(classes)(x))
