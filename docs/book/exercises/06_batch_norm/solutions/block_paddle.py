"""Solution to exercise 6.6: GoogLeNet with batch norm, as in torchvision."""

from paddle import concat, nn

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


def conv(inputs, channels, kernel, stride=1):
    """A convolution without a bias, batch norm and a ReLU."""
    return nn.Sequential(
        nn.Conv2D(inputs, channels, kernel, stride, padding=kernel // 2, bias_attr=False),
        nn.BatchNorm2D(channels, epsilon=0.001),
        nn.ReLU(),
    )


class Inception(nn.Layer):
    """Four branches; the third has a 3x3 where the paper has a 5x5, as in torchvision."""

    def __init__(self, inputs, one, three_reduce, three, five_reduce, five, proj):
        super().__init__()
        self.branch1 = conv(inputs, one, 1)
        self.branch2 = nn.Sequential(conv(inputs, three_reduce, 1), conv(three_reduce, three, 3))
        self.branch3 = nn.Sequential(conv(inputs, five_reduce, 1), conv(five_reduce, five, 3))
        self.branch4 = nn.Sequential(nn.MaxPool2D(3, 1, padding=1), conv(inputs, proj, 1))

    def forward(self, x):
        return concat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


def halve(kernel):
    """A max pool that halves the map and rounds up."""
    return nn.MaxPool2D(kernel, 2, ceil_mode=True)


class GoogLeNet(nn.Layer):
    def __init__(self):
        super().__init__()
        stem = [conv(3, 64, 7, 2), halve(3), conv(64, 64, 1), conv(64, 192, 3), halve(3)]
        modules, inputs = [], 192
        for name, row in INCEPTION.items():
            modules.append(Inception(inputs, *row))
            inputs = row[0] + row[2] + row[4] + row[5]
            modules += [halve(3)] if name == "3b" else [halve(2)] if name == "4e" else []
        ending = [nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1024, 1000)]
        self.steps = nn.Sequential(*stem, *modules, *ending)

    def forward(self, x):
        return self.steps(x)
