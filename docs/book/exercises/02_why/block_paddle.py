"""Exercise of chapter 2: GoogLeNet, whose Inception module is yours to write.

Grade this file with `googlenet check block_paddle.py -f paddle --network googlenet`.
"""

from paddle import nn

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


def conv_relu(channels, filters, kernel, stride=1, padding=0):
    """Returns a convolution with its ReLU."""
    return nn.Sequential(nn.Conv2D(channels, filters, kernel, stride, padding), nn.ReLU())


def pool():
    """Returns a max pool that halves the map and rounds up."""
    return nn.MaxPool2D(3, stride=2, ceil_mode=True)


class Inception(nn.Layer):
    """Replace the single convolution by the four branches of the module."""

    def __init__(self, channels, ch1x1, ch3x3_reduce, ch3x3, ch5x5_reduce, ch5x5, pool_proj):
        super().__init__()
        del ch3x3_reduce, ch5x5_reduce  # to be used by you
        self.conv = conv_relu(channels, ch1x1 + ch3x3 + ch5x5 + pool_proj, 1)

    def forward(self, x):
        return self.conv(x)


class GoogLeNet(nn.Layer):
    """Table 1 of the paper, without heads."""

    def __init__(self, classes=1000):
        super().__init__()
        steps = [conv_relu(3, 64, 7, stride=2, padding=3), pool()]
        steps += [conv_relu(64, 64, 1), conv_relu(64, 192, 3, padding=1), pool()]
        channels = 192
        for name, row in MODULES.items():
            steps.append(Inception(channels, *row))
            channels = row[0] + row[2] + row[4] + row[5]
            if name in ("3b", "4e"):
                steps.append(pool())
        self.body = nn.Sequential(*steps, nn.AdaptiveAvgPool2D(1), nn.Flatten())
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        return self.fc(self.dropout(self.body(x)))
