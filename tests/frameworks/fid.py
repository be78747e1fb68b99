"""FID's Inception v3 as functions of a state dict, after pytorch-fid, to compare ours with.

Its average pools exclude the border, and the last pool is a max pool.
"""

import torch
from torch.nn import functional as F


def average(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def largest(x):
    return F.max_pool2d(x, 3, 1, 1)


class Fid:
    """The network for a state dict with torchvision's names, in evaluation mode."""

    def __init__(self, state):
        self.state = state

    def unit(self, x, name, stride=1, padding=0):
        """Convolution, batch norm and ReLU."""
        weight, *norm = (
            self.state[f"{name}.{part}"]
            for part in ("conv.weight", "bn.running_mean", "bn.running_var", "bn.weight", "bn.bias")
        )
        # pytorch-fid's eps of 0.001, as the float32 value that every framework here is given.
        eps = torch.tensor(0.001, dtype=torch.float32).item()
        return F.relu(F.batch_norm(F.conv2d(x, weight, None, stride, padding), *norm, eps=eps))

    def row(self, x, *units):
        """Applies units in sequence; each is a name and a padding."""
        for name, padding in units:
            x = self.unit(x, name, padding=padding)
        return x

    def a(self, x, n):
        five = self.row(x, (f"{n}.branch5x5_1", 0), (f"{n}.branch5x5_2", 2))
        double = [
            (f"{n}.branch3x3dbl_1", 0),
            (f"{n}.branch3x3dbl_2", 1),
            (f"{n}.branch3x3dbl_3", 1),
        ]
        pool = self.unit(average(x), f"{n}.branch_pool")
        return torch.cat([self.unit(x, f"{n}.branch1x1"), five, self.row(x, *double), pool], 1)

    def b(self, x, n):
        double = self.row(x, (f"{n}.branch3x3dbl_1", 0), (f"{n}.branch3x3dbl_2", 1))
        three = self.unit(x, f"{n}.branch3x3", 2)
        return torch.cat(
            [three, self.unit(double, f"{n}.branch3x3dbl_3", 2), F.max_pool2d(x, 3, 2)], 1
        )

    def c(self, x, n):
        wide, high = (0, 3), (3, 0)
        one = [(f"{n}.branch7x7_{i}", p) for i, p in enumerate((0, wide, high), 1)]
        two = [(f"{n}.branch7x7dbl_{i}", p) for i, p in enumerate((0, high, wide, high, wide), 1)]
        pool = self.unit(average(x), f"{n}.branch_pool")
        return torch.cat(
            [self.unit(x, f"{n}.branch1x1"), self.row(x, *one), self.row(x, *two), pool], 1
        )

    def d(self, x, n):
        three = self.unit(self.unit(x, f"{n}.branch3x3_1"), f"{n}.branch3x3_2", 2)
        paddings = (0, (0, 3), (3, 0))
        seven = self.row(x, *((f"{n}.branch7x7x3_{i}", p) for i, p in enumerate(paddings, 1)))
        return torch.cat(
            [three, self.unit(seven, f"{n}.branch7x7x3_4", 2), F.max_pool2d(x, 3, 2)], 1
        )

    def e(self, x, n, pool):
        three = self.unit(x, f"{n}.branch3x3_1")
        double = self.row(x, (f"{n}.branch3x3dbl_1", 0), (f"{n}.branch3x3dbl_2", 1))
        split = [
            self.unit(y, f"{n}.{name}{side}", padding=padding)
            for y, name in ((three, "branch3x3_2"), (double, "branch3x3dbl_3"))
            for side, padding in (("a", (0, 1)), ("b", (1, 0)))
        ]
        pooled = self.unit(pool(x), f"{n}.branch_pool")
        return torch.cat([self.unit(x, f"{n}.branch1x1"), *split, pooled], 1)

    def features(self, x):
        """The 2048 mean features (N x 2048) of images with values from -1 to 1."""
        x = self.unit(x, "Conv2d_1a_3x3", 2)
        x = self.row(x, ("Conv2d_2a_3x3", 0), ("Conv2d_2b_3x3", 1))
        x = self.row(F.max_pool2d(x, 3, 2), ("Conv2d_3b_1x1", 0), ("Conv2d_4a_3x3", 0))
        x = F.max_pool2d(x, 3, 2)
        for name in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
            x = self.a(x, name)
        x = self.b(x, "Mixed_6a")
        for name in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
            x = self.c(x, name)
        x = self.e(self.d(x, "Mixed_7a"), "Mixed_7b", average)
        return self.e(x, "Mixed_7c", largest).mean((2, 3))
