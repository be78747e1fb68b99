"""Solution to the exercise of chapter 9, "Write the middle flow"."""

import keras
from keras import layers

from tensorflow_impl import network


# %% middle_flow
def middle(x, width=728):
    """Adds a block of the middle flow, on maps of 728 channels."""
    branch = x
    for _ in range(3):
        branch = layers.ReLU()(branch)
        branch = layers.SeparableConv2D(width, 3, padding="same", use_bias=False)(branch)
        branch = layers.BatchNormalization(epsilon=1e-3)(branch)
    return layers.Add()([x, branch])


# %% network
def build():
    """Returns Xception for images of 75 x 75 pixels, with the blocks above."""
    before = network("xception", (3, 75, 75), until="block3")
    after = network("xception", (728, 5, 5), since="block12")
    x = before.output
    for _ in range(8):
        x = middle(x)
    return keras.Model(before.input, after(x))


net = build()
