"""GoogLeNet written by hand in Keras, with the same parameters and outputs as the built one."""

import keras
from keras import KerasTensor, layers

from common.networks.googlenet import INCEPTION


class ConvReLU(layers.Layer):
    def __init__(
        self, out_channels: int, kernel: int, stride: int = 1, padding: str = "same"
    ) -> None:
        super().__init__()
        self.conv = layers.Conv2D(out_channels, kernel, stride, padding, activation="relu")

    def call(self, x: KerasTensor) -> KerasTensor:
        return self.conv(x)


class Inception(layers.Layer):
    """Figure 2b."""

    def __init__(self, name: str) -> None:
        super().__init__(name=f"inception{name}")
        ch1x1, ch3x3_reduce, ch3x3, ch5x5_reduce, ch5x5, pool_proj = INCEPTION[name]
        self.branch1 = ConvReLU(ch1x1, 1)
        self.branch2 = keras.Sequential([ConvReLU(ch3x3_reduce, 1), ConvReLU(ch3x3, 3)])
        self.branch3 = keras.Sequential([ConvReLU(ch5x5_reduce, 1), ConvReLU(ch5x5, 5)])
        self.branch4 = keras.Sequential(
            [layers.MaxPooling2D(3, 1, padding="same"), ConvReLU(pool_proj, 1)]
        )

    def call(self, x: KerasTensor) -> KerasTensor:
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return keras.ops.concatenate(branches, axis=-1)


class Head(layers.Layer):
    """The auxiliary classifier of section 5, used only in training."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.pool = layers.AveragePooling2D(5, 3)
        self.conv = ConvReLU(128, 1)
        # The weights of fc1 expect channel, row, column order; Keras keeps channels last.
        self.flatten = keras.Sequential([layers.Permute((3, 1, 2)), layers.Flatten()])
        self.fc1 = layers.Dense(1024, activation="relu")
        self.fc2 = layers.Dense(classes)
        self.dropout = layers.Dropout(0.5)

    def call(self, x: KerasTensor) -> KerasTensor:  # N, 14, 14, 512 or 528
        x = self.conv(self.pool(x))  # N, 4, 4, 128
        x = self.dropout(self.flatten(x))  # N, 2048
        x = self.dropout(self.fc1(x))  # N, 1024
        return self.fc2(x)  # N, classes


class GoogLeNet(keras.Model):
    """Table 1, for 224 x 224 images; in training it returns a dict of `logits`, `aux1`, `aux2`."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        # With stride 2, "same" would pad 2 before and 3 after; the other frameworks pad 3 and 3.
        self.pad = layers.ZeroPadding2D(3)
        self.conv1 = ConvReLU(64, 7, stride=2, padding="valid")
        self.conv2 = ConvReLU(64, 1)
        self.conv3 = ConvReLU(192, 3)
        self.inception3a = Inception("3a")
        self.inception3b = Inception("3b")
        self.inception4a = Inception("4a")
        self.inception4b = Inception("4b")
        self.inception4c = Inception("4c")
        self.inception4d = Inception("4d")
        self.inception4e = Inception("4e")
        self.inception5a = Inception("5a")
        self.inception5b = Inception("5b")
        # With an even number of rows, "same" only pads the far edge, like ceil_mode.
        self.pool = layers.MaxPooling2D(3, 2, padding="same")
        self.dropout = layers.Dropout(0.4)
        self.fc = layers.Dense(classes)
        self.aux1 = Head(classes)
        self.aux2 = Head(classes)

    def call(self, x: KerasTensor, training: bool = False) -> KerasTensor | dict:  # N, 224, 224, 3
        x = self.pool(self.conv1(self.pad(x)))  # N, 56, 56, 64
        x = self.pool(self.conv3(self.conv2(x)))  # N, 28, 28, 192
        x = self.pool(self.inception3b(self.inception3a(x)))  # N, 14, 14, 480
        x4a = self.inception4a(x)  # N, 14, 14, 512
        x4d = self.inception4d(self.inception4c(self.inception4b(x4a)))  # N, 14, 14, 528
        x = self.pool(self.inception4e(x4d))  # N, 7, 7, 832
        x = self.inception5b(self.inception5a(x))  # N, 7, 7, 1024
        x = keras.ops.mean(x, axis=(1, 2))  # N, 1024
        logits = self.fc(self.dropout(x))  # N, classes
        if not training:
            return logits
        return {"logits": logits, "aux1": self.aux1(x4a), "aux2": self.aux2(x4d)}
