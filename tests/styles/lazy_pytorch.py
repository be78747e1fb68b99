"""GoogLeNet as in textbooks: a sequence of layers that infer their sizes from a batch."""

import torch
from torch import nn
from torch.nn import functional as F

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


class Block(nn.Module):
    def __init__(self, one, three, five, pool):
        super().__init__()
        self.one = nn.LazyConv2d(one, 1)
        self.three = nn.ModuleList([nn.LazyConv2d(three[0], 1), nn.LazyConv2d(three[1], 3, 1, 1)])
        self.five = nn.Sequential(
            nn.LazyConv2d(five[0], 1), nn.ReLU(), nn.LazyConv2d(five[1], 5, padding="same")
        )
        self.pool = nn.LazyConv2d(pool, 1)

    def forward(self, x):
        three = x
        for conv in self.three:
            three = F.relu(conv(three), inplace=True)
        pooled = F.relu(self.pool(F.max_pool2d(x, 3, 1, 1)))
        return torch.cat((F.relu(self.one(x)), three, F.relu_(self.five(x)), pooled), dim=1)


def pool():
    return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)


def googlenet(classes=1000):
    stem = nn.Sequential(nn.LazyConv2d(64, 7, 2, 3), nn.ReLU(), pool())
    second = [nn.LazyConv2d(64, 1), nn.ReLU(), nn.LazyConv2d(192, 3, padding=1), nn.ReLU(), pool()]
    blocks = [Block(*widths) if widths else pool() for widths in WIDTHS]
    end = [nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Dropout(0.4), nn.LazyLinear(classes)]
    return nn.Sequential(stem, nn.Sequential(*second), nn.Sequential(*blocks), *end)
