"""Solution to the exercise of chapter 8, "Write block17"."""

import torch
from torch import nn

from pytorch_impl import network

NAME = "inception_resnet_v2"


# %% block17
def conv(inputs, channels, kernel):
    """Returns a convolution that keeps the size of the map, batch normalization and ReLU."""
    layer = nn.Conv2d(inputs, channels, kernel, padding="same", bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(channels, eps=1e-3), nn.ReLU())


class Block17(nn.Module):
    """The residual block on maps of 17 x 17, with 1088 channels."""

    def __init__(self):
        super().__init__()
        self.branch0 = conv(1088, 192, 1)
        factored = conv(128, 160, (1, 7)), conv(160, 192, (7, 1))
        self.branch1 = nn.Sequential(conv(1088, 128, 1), *factored)
        self.project = nn.Conv2d(384, 1088, 1)

    def forward(self, x):
        maps = torch.cat([self.branch0(x), self.branch1(x)], dim=1)
        return torch.relu(x + 0.1 * self.project(maps))


# %% network
class Net(nn.Module):
    """Inception-ResNet-v2 for images of 75 x 75 pixels, with the block above."""

    def __init__(self):
        super().__init__()
        self.before = network(NAME, (3, 75, 75), until="mixed_6a")
        self.blocks = nn.Sequential(*[Block17() for _ in range(20)])
        self.after = network(NAME, (1088, 3, 3), since="mixed_7a")

    def forward(self, x):
        return self.after(self.blocks(self.before(x)))
