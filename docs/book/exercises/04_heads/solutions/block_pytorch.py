"""Solution to exercise 4.6: GoogLeNet with its two heads."""

from torch import nn
from torch.nn import functional as F

from pytorch_impl import network


class Head(nn.Module):
    """The auxiliary classifier: average pool 5x5/3, 1x1 convolution, two linear layers."""

    def __init__(self, channels, classes):
        super().__init__()
        self.pool = nn.AvgPool2d(5, stride=3)
        self.conv = nn.Conv2d(channels, 128, 1)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.fc2 = nn.Linear(1024, classes)
        self.dropout1, self.dropout2 = nn.Dropout(0.5), nn.Dropout(0.5)

    def forward(self, x):
        x = F.relu(self.conv(self.pool(x))).flatten(1)
        x = F.relu(self.fc1(self.dropout1(x)))
        return self.fc2(self.dropout2(x))


class GoogLeNet(nn.Module):
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
