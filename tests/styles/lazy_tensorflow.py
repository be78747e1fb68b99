"""GoogLeNet as in textbooks: a sequence of layers that infer their sizes from a batch."""

import keras
import tensorflow as tf
from keras import layers

WIDTHS = (  # of the four branches, with their reductions; None is a pool
    (64, (96, 128), (16, 32), 32),
    (128, (128, 192), (32, 96), 64),
    None,
    (192, (96, 208), (16, 48), 64),
    (160, (112, 224), (24, 64), 64),
    (128, (128, 256), (24, 64), 64),
    (112, (144, 288), (32, 64), 64),
    (256, (160, 320), (32, 128), 128),
    None,
    (256, (160, 320), (32, 128), 128),
    (384, (192, 384), (48, 128), 128),
)


class Block(keras.Model):
    def __init__(self, one, three, five, pool):
        super().__init__()
        self.one = layers.Conv2D(one, 1, activation="relu")
        self.three = [
            layers.Conv2D(three[0], 1, activation=tf.nn.relu),
            layers.Conv2D(three[1], 3, padding="same", activation=tf.nn.relu),
        ]
        self.five = keras.Sequential(
            [
                layers.Conv2D(five[0], 1, activation="relu"),
                layers.Conv2D(five[1], 5, padding="same"),
            ]
        )
        self.pool = keras.Sequential(
            [layers.MaxPool2D(3, 1, padding="same"), layers.Conv2D(pool, 1, activation="relu")]
        )

    @tf.function
    def call(self, x):
        three = x
        for conv in self.three:
            three = conv(three)
        five = keras.activations.relu(self.five(x))
        return layers.Concatenate()([self.one(x), three, five, self.pool(x)])


def pool():
    return layers.MaxPool2D(pool_size=3, strides=2, padding="same")


def googlenet(classes=1000):
    stem = [layers.ZeroPadding2D(3), layers.Conv2D(64, 7, 2), layers.ReLU(), pool()]
    second = [layers.Conv2D(64, 1, activation="relu"), layers.Conv2D(192, 3, padding="same")]
    blocks = [Block(*widths) if widths else pool() for widths in WIDTHS]
    end = [layers.GlobalAvgPool2D(), layers.Dropout(0.4), layers.Dense(classes)]
    return keras.Sequential([*stem, *second, layers.ReLU(), pool(), *blocks, *end])


def in_half():
    """The same network, computed in float16."""
    keras.config.set_dtype_policy("mixed_float16")
    net = googlenet()
    keras.config.set_dtype_policy("float32")
    return net


def in_half_and_more():
    """The same, with outputs a thousandth larger, which float16 would hide."""
    net = in_half()
    net.add(layers.Rescaling(1.001))
    return net
