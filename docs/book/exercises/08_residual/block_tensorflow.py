"""Exercise of chapter 8: write block17. Only its shortcut is here yet.

Grade this file with
`googlenet check block_tensorflow.py -f tensorflow --network inception_resnet_v2 --input 3x75x75`.
"""

import keras
from keras import layers

from tensorflow_impl import network

NAME = "inception_resnet_v2"


def conv(x, channels, kernel):
    """Adds a convolution that keeps the size of the map, batch normalization and ReLU."""
    x = layers.Conv2D(channels, kernel, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(epsilon=1e-3)(x))


def block17(x):
    """Adds the residual block on maps of 17 x 17, with 1088 channels."""
    return x


def build():
    """Returns Inception-ResNet-v2 for images of 75 x 75 pixels, with the block above."""
    before = network(NAME, (3, 75, 75), until="mixed_6a")
    after = network(NAME, (1088, 3, 3), since="mixed_7a")
    x = before.output
    for _ in range(20):
        x = block17(x)
    return keras.Model(before.input, after(x))


net = build()
