"""Exercise 6.6: GoogLeNet with batch norm. Change `conv` so that every convolution has it.

Its eps is 0.001. Grade this file with
`googlenet check block_tensorflow.py -f tensorflow --network googlenet.torchvision`.
"""

import keras
from keras import layers

# Table 1:  1x1  3x3r 3x3  5x5r 5x5  proj
INCEPTION = {
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


def conv(x, channels, kernel, stride=1):
    """A convolution and a ReLU."""
    x = layers.ZeroPadding2D(kernel // 2)(x)
    x = layers.Conv2D(channels, kernel, stride)(x)
    return layers.ReLU()(x)


def inception(x, one, three_reduce, three, five_reduce, five, proj):
    """Four branches; the third has a 3x3 where the paper has a 5x5, as in torchvision."""
    branch1 = conv(x, one, 1)
    branch2 = conv(conv(x, three_reduce, 1), three, 3)
    branch3 = conv(conv(x, five_reduce, 1), five, 3)
    branch4 = conv(layers.MaxPooling2D(3, 1, padding="same")(x), proj, 1)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def halve(x, kernel):
    """A max pool that halves the map and rounds up."""
    return layers.MaxPooling2D(kernel, 2, padding="same")(x)


def googlenet():
    image = keras.Input((224, 224, 3))
    x = halve(conv(image, 64, 7, 2), 3)
    x = halve(conv(conv(x, 64, 1), 192, 3), 3)
    for name, row in INCEPTION.items():
        x = inception(x, *row)
        x = halve(x, 3) if name == "3b" else halve(x, 2) if name == "4e" else x
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, layers.Dense(1000)(x))
