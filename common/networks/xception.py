"""Xception: F. Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2016.

arXiv:1610.02357, figure 5: every Inception module replaced by depthwise separable convolutions,
with residuals around them.
"""

from dataclasses import dataclass

from common.networks.blocks import classifier, conv
from common.spec import (
    BatchNorm,
    Chain,
    Conv,
    DepthwiseConv,
    Init,
    MaxPool,
    Network,
    Padding,
    ReLU,
    Residual,
    Rule,
    Word,
    sequence,
)

# Figure 5, entry and exit flow: the channels of a block's two separable convolutions.
ENTRY = {"block1": (128, 128), "block2": (256, 256), "block3": (728, 728)}
MIDDLE = tuple(f"block{number}" for number in range(4, 12))
EXIT = {"block12": (728, 1024)}


@dataclass(frozen=True)
class Dialect:
    """How a published Xception pads its pools, its batch norm, and how it starts."""

    origin: str
    norm: BatchNorm
    pool: Padding
    init: Init


DIALECTS = {
    "xception": Dialect("Keras", BatchNorm(1e-3, keep=0.99), Rule.SAME, Init.XAVIER),
    "xception.timm": Dialect("timm", BatchNorm(1e-5), 1, Init.FAN_OUT),
}


def separable(channels: int) -> Chain:
    """A 3x3 convolution of each channel alone, then 1x1 across them; no ReLU between."""
    return Chain({"depthwise": DepthwiseConv(3, 1, 1), "pointwise": Conv(channels, 1, bias=False)})


def halving(d: Dialect, channels: tuple[int, int], first_relu: bool) -> Residual:
    """A block of the entry or exit flow: two separable convolutions, a pool, a 1x1 shortcut."""
    words: list[Word] = [ReLU()] if first_relu else []
    words += [separable(channels[0]), d.norm, ReLU(), separable(channels[1]), d.norm]
    shortcut = Chain({"conv": Conv(channels[1], 1, 2, bias=False), "bn": d.norm})
    return Residual(sequence(*words, MaxPool(3, 2, d.pool)), shortcut)


def keeping(d: Dialect) -> Residual:
    """A block of the middle flow: three separable convolutions on 728 channels."""
    words: list[Word] = [ReLU(), separable(728), d.norm] * 3
    return Residual(sequence(*words))


def last(d: Dialect, channels: int) -> Chain:
    """A separable convolution of the exit flow's end."""
    return Chain({**separable(channels).steps, "bn": d.norm, "relu": ReLU()})


def xception(dialect: str = "xception", classes: int = 1000) -> Network:
    """Figure 5: entry flow, middle flow, exit flow."""
    # Paper: dropout 0.5 before the classifier on ImageNet; here: none, as Keras publishes it.
    d = DIALECTS[dialect]
    body: dict[str, Word] = {
        "conv1": conv(32, 3, 2, norm=d.norm),
        "conv2": conv(64, 3, norm=d.norm),
        **{name: halving(d, channels, name != "block1") for name, channels in ENTRY.items()},
        **{name: keeping(d) for name in MIDDLE},
        **{name: halving(d, channels, True) for name, channels in EXIT.items()},
        "conv3": last(d, 1536),
        "conv4": last(d, 2048),
        **classifier("fc", classes),
    }
    return Network(
        name=dialect,
        origin=d.origin,
        input=(3, 299, 299),
        classes=classes,
        body=Chain(body),
        heads={},
        classifier="fc",
        init=d.init,
    )
