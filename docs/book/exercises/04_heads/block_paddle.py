"""Exercise 4.6: GoogLeNet with its two heads. Complete the head, which lacks layers.

Grade this file with `googlenet check block_paddle.py --network googlenet --aux -f paddle`.
"""

from paddle import nn

from paddle_impl import network


class Head(nn.Layer):
    """The auxiliary classifier: average pool 5x5/3, 1x1 convolution, two linear layers."""

    def __init__(self, channels, classes):
        super().__init__()
        self.pool = nn.AvgPool2D(5, stride=3)
        self.fc2 = nn.Linear(channels * 4 * 4, classes)

    def forward(self, x):
        return self.fc2(self.pool(x).flatten(1))


class GoogLeNet(nn.Layer):
    """GoogLeNet from three parts, between which the heads are attached."""

    def __init__(self, classes=1000):
        super().__init__()
        self.first = network("googlenet", until="inception4a")
        self.second = network("googlenet", (512, 14, 14), since="inception4b", until="inception4d")
        self.third = network("googlenet", (528, 14, 14), since="inception4e")
        self.aux1 = Head(512, classes)
        self.aux2 = Head(528, classes)

    def forward(self, x):
        x4a = self.first(x)
        x4d = self.second(x4a)
        logits = self.third(x4d)
        if self.training:
            return {"logits": logits, "aux1": self.aux1(x4a), "aux2": self.aux2(x4d)}
        return logits
