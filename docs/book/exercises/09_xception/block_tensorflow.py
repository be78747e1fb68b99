"""Exercise of chapter 9: write the middle flow. Only its shortcut is here yet.

Grade this file with
`googlenet check block_tensorflow.py -f tensorflow --network xception --input 3x75x75`.
"""

import keras
from keras import layers

from tensorflow_impl import network


def middle(x, width=728):
    """Adds a block of the middle flow, on maps of 728 channels."""
    return x


def build():
    """Returns Xception for images of 75 x 75 pixels, with the blocks above."""
    before = network("xception", (3, 75, 75), until="block3")
    after = network("xception", (728, 5, 5), since="block12")
    x = before.output
    for _ in range(8):
        x = middle(x)
    return keras.Model(before.input, after(x))


net = build()
