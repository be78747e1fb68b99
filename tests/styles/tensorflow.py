"""GoogLeNet with everything in `call`: functions and their weights instead of layers."""

import keras
import tensorflow as tf
from keras import ops

WIDTHS = {  # of the four branches, with their reductions
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class GoogLeNet(keras.Model):
    """The plain network, or torchvision's with batch norm."""

    def __init__(self, norm=False):
        super().__init__()
        self.norm = norm
        self.own = {}
        self.make("1", 3, 64, 7)
        self.make("2", 64, 64, 1)
        self.make("3", 64, 192, 3)
        for name, (c, one, r3, three, r5, five, pool) in WIDTHS.items():
            self.make(f"{name}_1", c, one, 1)
            self.make(f"{name}_3r", c, r3, 1)
            self.make(f"{name}_3", r3, three, 3)
            self.make(f"{name}_5r", c, r5, 1)
            self.make(f"{name}_5", r5, five, 3 if norm else 5)
            self.make(f"{name}_p", c, pool, 1)
        self.fc_w, self.fc_b = self.add_weight((1024, 1000)), self.add_weight((1000,))

    def make(self, name, inputs, outputs, kernel):
        self.own[f"w{name}"] = self.add_weight((kernel, kernel, inputs, outputs))
        self.own[f"b{name}"] = self.add_weight((outputs,))
        if self.norm:
            self.own[f"g{name}"] = self.add_weight((outputs,))
            for what in ("mean", "var"):
                of = self.add_weight((outputs,), trainable=False, name=f"m{name}_{what}")
                self.own[f"{what}{name}"] = of

    def conv(self, x, name, stride=1):
        w, b = self.own[f"w{name}"], self.own[f"b{name}"]
        around = w.shape[0] // 2
        x = tf.pad(x, [[0, 0], [around, around], [around, around], [0, 0]])
        if not self.norm:
            return tf.nn.relu(tf.nn.conv2d(x, w, stride, "VALID") + b)
        x = ops.conv(x, w, stride, "valid")
        mean, var, scale = (self.own[f"{what}{name}"] for what in ("mean", "var", "g"))
        return ops.relu(ops.batch_normalization(x, mean, var, -1, b, scale, epsilon=1e-3))

    def call(self, x, training=False):
        x = tf.nn.max_pool2d(self.conv(x, "1", 2), 3, 2, "SAME")
        x = tf.nn.max_pool2d(self.conv(self.conv(x, "2"), "3"), 3, 2, "SAME")
        for name in WIDTHS:
            if name in ("4a", "5a"):
                x = tf.nn.max_pool2d(x, 2 if name == "5a" and self.norm else 3, 2, "SAME")
            one = self.conv(x, f"{name}_1")
            three = self.conv(self.conv(x, f"{name}_3r"), f"{name}_3")
            five = self.conv(self.conv(x, f"{name}_5r"), f"{name}_5")
            pool = self.conv(tf.nn.max_pool2d(x, 3, 1, "SAME"), f"{name}_p")
            x = tf.concat([one, three, five, pool], -1)
        x = tf.reduce_mean(x, (1, 2))
        if training:
            x = tf.nn.dropout(x, 0.2 if self.norm else 0.4)
        return x @ self.fc_w + self.fc_b
