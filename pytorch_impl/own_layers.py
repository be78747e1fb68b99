"""The words of the grammar that PyTorch has no module for."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.spec import Size
from common.windows import Pads


class PaddedConv2d(nn.Conv2d):
    """A convolution with a border of its own on each side, which Conv2d's padding cannot say."""

    def __init__(self, *arguments: Size, pads: Pads, **options: int) -> None:
        super().__init__(*arguments, **options)
        self.pads = reversed_flat(pads)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, self.pads))


class Affine(nn.Module):
    """Each value times a constant plus a constant, one pair per channel or one for all."""

    def __init__(self, scale: tuple[float, ...], shift: tuple[float, ...], maps: bool) -> None:
        super().__init__()
        self.scale, self.shift = list(scale), list(shift)
        self.shape = [-1, 1, 1] if maps else [-1]

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.tensor(self.scale, dtype=x.dtype, device=x.device).reshape(self.shape)
        shift = torch.tensor(self.shift, dtype=x.dtype, device=x.device).reshape(self.shape)
        return x * scale + shift


class Concat(nn.Module):
    """Branches from one input, joined along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], dim=1)


class Residual(nn.Module):
    """`scale` times a branch, plus the input or what a shortcut makes of it."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.branch = self.shortcut = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.branch(x) + self.shortcut(x)


def reversed_flat(pads: Pads) -> tuple[int, ...]:
    """The border as `F.pad` takes it: left, right, top, bottom."""
    return *pads[1], *pads[0]
