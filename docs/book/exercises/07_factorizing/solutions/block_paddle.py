"""Solution to exercise 7.6: Inception v2, with two 3x3 convolutions in place of each 5x5."""

from paddle import concat, nn

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


def conv(inputs, channels, kernel, stride=1):
    """A convolution without a bias, batch norm and a ReLU."""
    return nn.Sequential(
        nn.Conv2D(inputs, channels, kernel, stride, padding=kernel // 2, bias_attr=False),
        nn.BatchNorm2D(channels, epsilon=0.001),
        nn.ReLU(),
    )


class Inception(nn.Layer):
    """A module that keeps the size of the map."""

    def __init__(self, inputs, one, three_reduce, three, double_reduce, double, proj, pool):
        super().__init__()
        self.branch1 = conv(inputs, one, 1)
        self.branch2 = nn.Sequential(conv(inputs, three_reduce, 1), conv(three_reduce, three, 3))
        self.branch3 = nn.Sequential(
            conv(inputs, double_reduce, 1), conv(double_reduce, double, 3), conv(double, double, 3)
        )
        self.branch4 = nn.Sequential(pool, conv(inputs, proj, 1))

    def forward(self, x):
        return concat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class Reduction(nn.Layer):
    """A module that halves the map: two branches with stride 2 and a pool, in parallel."""

    def __init__(self, inputs, three_reduce, three, double_reduce, double):
        super().__init__()
        self.branch2 = nn.Sequential(conv(inputs, three_reduce, 1), conv(three_reduce, three, 3, 2))
        self.branch3 = nn.Sequential(
            conv(inputs, double_reduce, 1),
            conv(double_reduce, double, 3),
            conv(double, double, 3, 2),
        )
        self.branch4 = nn.MaxPool2D(3, 2, padding=1)

    def forward(self, x):
        return concat([self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class InceptionV2(nn.Layer):
    def __init__(self):
        super().__init__()
        halve = nn.MaxPool2D(3, 2, padding=1)
        steps = [conv(3, 64, 7, 2), halve, conv(64, 64, 1), conv(64, 192, 3), halve]
        inputs = 192
        for name in ("3a", "3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
            if name in REDUCTION:
                row = REDUCTION[name]
                steps.append(Reduction(inputs, *row))
                inputs += row[1] + row[3]
            else:
                row = INCEPTION[name]
                average = nn.AvgPool2D(3, 1, padding=1, exclusive=True)
                pool = nn.MaxPool2D(3, 1, padding=1) if name == "5b" else average
                steps.append(Inception(inputs, *row, pool))
                inputs = row[0] + row[2] + row[4] + row[5]
        ending = [nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(1024, 1000)]
        self.steps = nn.Sequential(*steps, *ending)

    def forward(self, x):
        return self.steps(x)
