"""Layers that PyTorch lacks, and replacements for its own where a plan needs different ones.

They support uneven padding, biased running variances, bfloat16, and dropout masks that are the same
in every framework.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.spec import Size
from common.spec.padding import Pads


class PaddedConv2d(nn.Conv2d):
    """`nn.Conv2d` with padding that may differ on opposite sides."""

    def __init__(self, *arguments: Size, pads: Pads, **options: int) -> None:
        super().__init__(*arguments, **options)
        self.pads = reversed_flat(pads)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, self.pads))


class BatchNorm(nn.BatchNorm2d):
    """`nn.BatchNorm2d` whose running variance is biased (divided by n), as in Keras and Paddle.

    It takes vectors as well.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        variance, n = self.running_var.clone(), x.numel() // x.shape[1]
        y = F.batch_norm(
            x, self.running_mean, variance, self.weight, self.bias, True, self.momentum, self.eps
        )
        # `variance` is now `old` + momentum * (the variance divided by n - 1); here n is wanted.
        with torch.no_grad():
            old = self.running_var * (1 - self.momentum)
            self.running_var.copy_(old + (variance - old) * ((n - 1) / n))
        return y


class LRN(nn.LocalResponseNorm):
    """`nn.LocalResponseNorm`, but faster: that one uses an average pool over three dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float() if x.dtype == torch.bfloat16 else x
        # A product with a band matrix sums near channels.
        near = wide.new_ones(x.shape[1], x.shape[1])
        near = near.triu(-(self.size // 2)).tril((self.size - 1) // 2) * (self.alpha / self.size)
        base = F.conv2d(wide * wide, near[:, :, None, None]) + 1
        return (wide * power(base, -self.beta)).to(x.dtype)


def power(x: Tensor, exponent: float) -> Tensor:
    """x ** exponent; for LRN's usual one as square roots, which take much less time."""
    if exponent != -0.75:
        return x**exponent
    root = x.rsqrt()
    return root * root.sqrt()


class Affine(nn.Module):
    """Computes scale * x + shift with constants: one pair per channel, or one for all."""

    def __init__(self, scale: tuple[float, ...], shift: tuple[float, ...], maps: bool) -> None:
        super().__init__()
        self.scale, self.shift = list(scale), list(shift)
        self.shape = [-1, 1, 1] if maps else [-1]

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.tensor(self.scale, dtype=x.dtype, device=x.device).reshape(self.shape)
        shift = torch.tensor(self.shift, dtype=x.dtype, device=x.device).reshape(self.shape)
        return x * scale + shift


class Dropout(nn.Dropout):
    """PyTorch's own dropout, unless `key` is set: then every framework drops the same values.

    `first` is the index of the batch's first image among all images of the training step.
    """

    key: int | None
    first: int

    def __init__(self, rate: float) -> None:
        super().__init__(rate)
        self.key, self.first = None, 0

    def forward(self, x: Tensor) -> Tensor:
        key = self.key
        if key is None or not self.training or not self.p:
            return F.dropout(x, self.p, self.training)
        kept = keeps(key, self.first * x[0].numel(), x, self.p)
        return torch.where(kept, x / (1 - self.p), torch.zeros_like(x))


class L2Norm(nn.Module):
    """Divides a vector by its length, or by 1e-12 if that is larger."""

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x)


class Concat(nn.Module):
    """Applies branches to one input and concatenates their outputs along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], dim=1)


class Residual(nn.Module):
    """`scale` times a branch, plus the input or a shortcut applied to it."""

    def __init__(self, scale: float = 1.0, branch: nn.Module | None = None) -> None:
        super().__init__()
        self.scale = scale
        self.branch = nn.Identity() if branch is None else branch
        self.shortcut = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.branch(x) + self.shortcut(x)


def keeps(key: int, start: int, x: Tensor, rate: float) -> Tensor:
    """The mask of values to keep in a batch, as in `common.training.dropout`.

    `start` is the position of the batch's first value among those of the training step.
    """
    h = torch.arange(start, start + x.numel(), device=x.device) ^ key
    for shift, factor in ((16, 0x7FEB352D), (15, 0x31848BAB)):
        h = ((h ^ (h >> shift)) * factor) & 0xFFFFFFFF
    h = h ^ (h >> 16)
    return (h >= int(rate * 2**32)).reshape(x.shape)


def reversed_flat(pads: Pads) -> tuple[int, ...]:
    """The padding in the order of `F.pad`: left, right, top, bottom."""
    return *pads[1], *pads[0]
