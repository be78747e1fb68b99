"""Exercise 7.6: Inception v2. Make the 5x5 of `branch3` two 3x3 convolutions, in both modules.

Both have `double` channels; in the module that halves the map the second one has stride 2. Grade
this file with
`googlenet check block_tensorflow.py -f tensorflow --network inception_v2`.
"""

import keras
from keras import layers

# Figure 5:  1x1  3x3r 3x3  dblr dbl  proj
INCEPTION = {
    "3a": (64, 64, 64, 64, 96, 32),
    "3b": (64, 64, 96, 64, 96, 64),
    "4a": (224, 64, 96, 96, 128, 128),
    "4b": (192, 96, 128, 96, 128, 128),
    "4c": (160, 128, 160, 128, 160, 96),
    "4d": (96, 128, 192, 160, 192, 96),
    "5a": (352, 192, 320, 160, 224, 128),
    "5b": (352, 192, 320, 192, 224, 128),
}
#            3x3r 3x3  dblr dbl
REDUCTION = {"3c": (128, 160, 64, 96), "4e": (128, 192, 192, 256)}


def conv(x, channels, kernel, stride=1):
    """A convolution without a bias, batch norm and a ReLU."""
    x = layers.ZeroPadding2D(kernel // 2)(x)
    x = layers.Conv2D(channels, kernel, stride, use_bias=False)(x)
    x = layers.BatchNormalization(epsilon=0.001)(x)
    return layers.ReLU()(x)


def halve(x):
    """A max pool with padding 1; behind a ReLU, zeros are as good as nothing."""
    return layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))


def inception(x, pool, one, three_reduce, three, double_reduce, double, proj):
    """A module that keeps the size of the map."""
    branch1 = conv(x, one, 1)
    branch2 = conv(conv(x, three_reduce, 1), three, 3)
    branch3 = conv(conv(x, double_reduce, 1), double, 5)
    branch4 = conv(pool(3, 1, padding="same")(x), proj, 1)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def reduction(x, three_reduce, three, double_reduce, double):
    """A module that halves the map: two branches with stride 2 and a pool, in parallel."""
    branch2 = conv(conv(x, three_reduce, 1), three, 3, 2)
    branch3 = conv(conv(x, double_reduce, 1), double, 5, 2)
    return layers.Concatenate()([branch2, branch3, halve(x)])


def inception_v2():
    image = keras.Input((224, 224, 3))
    x = halve(conv(image, 64, 7, 2))
    x = halve(conv(conv(x, 64, 1), 192, 3))
    for name in ("3a", "3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        pool = layers.MaxPooling2D if name == "5b" else layers.AveragePooling2D
        if name in REDUCTION:
            x = reduction(x, *REDUCTION[name])
        else:
            x = inception(x, pool, *INCEPTION[name])
    return keras.Model(image, layers.Dense(1000)(layers.GlobalAveragePooling2D()(x)))
