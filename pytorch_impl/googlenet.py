"""GoogLeNet written by hand in PyTorch, with the same parameters and outputs as the built one."""

import torch
from torch import Tensor, nn

from common.networks.googlenet import INCEPTION


class ConvReLU(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.conv(x))


class Inception(nn.Module):
    """Figure 2b."""

    def __init__(self, in_channels: int, name: str) -> None:
        super().__init__()
        ch1x1, ch3x3_reduce, ch3x3, ch5x5_reduce, ch5x5, pool_proj = INCEPTION[name]
        self.branch1 = ConvReLU(in_channels, ch1x1, 1)
        self.branch2 = nn.Sequential(
            ConvReLU(in_channels, ch3x3_reduce, 1), ConvReLU(ch3x3_reduce, ch3x3, 3)
        )
        self.branch3 = nn.Sequential(
            ConvReLU(in_channels, ch5x5_reduce, 1), ConvReLU(ch5x5_reduce, ch5x5, 5)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, 1, padding=1), ConvReLU(in_channels, pool_proj, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return torch.cat(branches, dim=1)


class Head(nn.Module):
    """The auxiliary classifier of section 5, used only in training."""

    def __init__(self, in_channels: int, classes: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(5, 3)
        self.conv = ConvReLU(in_channels, 128, 1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, classes)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:  # N, 512 or 528, 14, 14
        x = self.conv(self.pool(x))  # N, 128, 4, 4
        x = self.dropout(torch.flatten(x, 1))  # N, 2048
        x = self.dropout(torch.relu(self.fc1(x)))  # N, 1024
        return self.fc2(x)  # N, classes


class GoogLeNet(nn.Module):
    """Table 1, for 224 x 224 images; in training it returns a dict of `logits`, `aux1`, `aux2`."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = ConvReLU(3, 64, 7, stride=2)
        self.conv2 = ConvReLU(64, 64, 1)
        self.conv3 = ConvReLU(64, 192, 3)
        self.inception3a = Inception(192, "3a")
        self.inception3b = Inception(256, "3b")
        self.inception4a = Inception(480, "4a")
        self.inception4b = Inception(512, "4b")
        self.inception4c = Inception(512, "4c")
        self.inception4d = Inception(512, "4d")
        self.inception4e = Inception(528, "4e")
        self.inception5a = Inception(832, "5a")
        self.inception5b = Inception(832, "5b")
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, classes)
        self.aux1 = Head(512, classes)
        self.aux2 = Head(528, classes)

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:  # N, 3, 224, 224
        x = self.pool(self.conv1(x))  # N, 64, 56, 56
        x = self.pool(self.conv3(self.conv2(x)))  # N, 192, 28, 28
        x = self.pool(self.inception3b(self.inception3a(x)))  # N, 480, 14, 14
        x4a = self.inception4a(x)  # N, 512, 14, 14
        x4d = self.inception4d(self.inception4c(self.inception4b(x4a)))  # N, 528, 14, 14
        x = self.pool(self.inception4e(x4d))  # N, 832, 7, 7
        x = self.inception5b(self.inception5a(x))  # N, 1024, 7, 7
        x = x.mean(dim=(2, 3))  # N, 1024
        logits = self.fc(self.dropout(x))  # N, classes
        if not self.training:
            return logits
        return {"logits": logits, "aux1": self.aux1(x4a), "aux2": self.aux2(x4d)}
