"""Solution to the exercise of chapter 8, "Write block17"."""

import paddle
from paddle import nn

from paddle_impl import network

NAME = "inception_resnet_v2"


# %% block17
def conv(inputs, channels, kernel):
    """Returns a convolution that keeps the size of the map, batch normalization and ReLU."""
    layer = nn.Conv2D(inputs, channels, kernel, padding="SAME", bias_attr=False)
    return nn.Sequential(layer, nn.BatchNorm2D(channels, epsilon=1e-3), nn.ReLU())


class Block17(nn.Layer):
    """The residual block on maps of 17 x 17, with 1088 channels."""

    def __init__(self):
        super().__init__()
        self.branch0 = conv(1088, 192, 1)
        factored = conv(128, 160, (1, 7)), conv(160, 192, (7, 1))
        self.branch1 = nn.Sequential(conv(1088, 128, 1), *factored)
        self.project = nn.Conv2D(384, 1088, 1)

    def forward(self, x):
        maps = paddle.concat([self.branch0(x), self.branch1(x)], axis=1)
        return nn.functional.relu(x + 0.1 * self.project(maps))


# %% network
class Net(nn.Layer):
    """Inception-ResNet-v2 for images of 75 x 75 pixels, with the block above."""

    def __init__(self):
        super().__init__()
        self.before = network(NAME, (3, 75, 75), until="mixed_6a")
        self.blocks = nn.Sequential(*[Block17() for _ in range(20)])
        self.after = network(NAME, (1088, 3, 3), since="mixed_7a")

    def forward(self, x):
        return self.after(self.blocks(self.before(x)))
