"""Exercise of chapter 3: turn this GoogLeNet into that of Dive into Deep Learning.

Grade this file with `googlenet check block_pytorch.py -f pytorch --network googlenet.d2l`.
"""

import torch
from torch import nn

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
    return nn.Sequential(nn.Conv2d(channels, filters, kernel, stride, padding), nn.ReLU())


def pool():
    """Returns a max pool that halves the map and rounds up."""
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


class Inception(nn.Module):
    """Figure 2b of the paper."""

    def __init__(self, channels, ch1x1, ch3x3_reduce, ch3x3, ch5x5_reduce, ch5x5, pool_proj):
        super().__init__()
        self.branch1 = conv_relu(channels, ch1x1, 1)
        self.branch2 = nn.Sequential(
            conv_relu(channels, ch3x3_reduce, 1), conv_relu(ch3x3_reduce, ch3x3, 3, padding=1)
        )
        self.branch3 = nn.Sequential(
            conv_relu(channels, ch5x5_reduce, 1), conv_relu(ch5x5_reduce, ch5x5, 5, padding=2)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1), conv_relu(channels, pool_proj, 1)
        )

    def forward(self, x):
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return torch.cat(branches, dim=1)


class GoogLeNet(nn.Module):
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
        self.body = nn.Sequential(*steps, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        return self.fc(self.dropout(self.body(x)))
