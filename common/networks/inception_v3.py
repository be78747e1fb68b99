"""Inception v3: C. Szegedy et al., Rethinking the Inception Architecture, 2015 (arXiv:1512.00567).

Factorised convolutions, modules that halve the map without a bottleneck, one head, and labels
smoothed by 0.1. The numbers are those of the published code, which the paper's table 1 shortens.
"""

from dataclasses import dataclass

from common.networks.blocks import NORM, classifier, conv, downscaled, same
from common.spec import (
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Head,
    Init,
    Linear,
    MaxPool,
    Network,
    Word,
)

# What a module's pool branch is projected to, and how wide the 7-kernels of figure 6 are.
POOL_FEATURES = {"Mixed_5b": 32, "Mixed_5c": 64, "Mixed_5d": 64}
CHANNELS_7X7 = {"Mixed_6b": 128, "Mixed_6c": 160, "Mixed_6d": 160, "Mixed_6e": 192}


@dataclass(frozen=True)
class Dialect:
    """How a published Inception v3 differs from torchvision's."""

    origin: str
    norm: BatchNorm = NORM
    counts_border: bool = True
    dropout: tuple[Word, ...] = (Dropout(0.5),)
    head: bool = True
    # torchvision starts at a deviation of 0.1 instead, and lower in the head.
    init: Init = Init.FAN_IN


DIALECTS = {
    "inception_v3": Dialect("torchvision"),
    "inception_v3.keras": Dialect(
        "Keras",
        BatchNorm(1e-3, keep=0.99, scale=False),
        counts_border=False,
        dropout=(),  # its head is TF-Slim's, whose checkpoints fit it too
        init=Init.XAVIER,
    ),
    "inception_v3.paddle_vision": Dialect(
        "paddle.vision", BatchNorm(1e-5), dropout=downscaled(0.2), head=False
    ),
}


def steps(*words: Word) -> Chain:
    """A branch whose steps are numbered from 1, as the published code has it."""
    return Chain({str(number): word for number, word in enumerate(words, 1)})


def pooled(d: Dialect, channels: int) -> Chain:
    """The branch that averages, then projects."""
    average = AvgPool(3, 1, 1, d.counts_border)
    return Chain({"pool": average, "proj": conv(channels, 1, norm=d.norm)})


def split(d: Dialect, channels: int) -> Concat:
    """1x3 and 3x1 side by side (figure 7)."""
    return Concat({"a": same(channels, (1, 3), d.norm), "b": same(channels, (3, 1), d.norm)})


def module_a(d: Dialect, pool_features: int) -> Concat:
    """Figure 5: two 3x3 for a 5x5 (and one 5x5 left)."""
    n = d.norm
    return Concat(
        {
            "branch1x1": conv(64, 1, norm=n),
            "branch5x5": steps(conv(48, 1, norm=n), same(64, 5, n)),
            "branch3x3dbl": steps(conv(64, 1, norm=n), same(96, 3, n), same(96, 3, n)),
            "branch_pool": pooled(d, pool_features),
        }
    )


def reduction_a(d: Dialect) -> Concat:
    """Figure 10: the map halved, pool and convolutions side by side."""
    n = d.norm
    return Concat(
        {
            "branch3x3": conv(384, 3, 2, norm=n),
            "branch3x3dbl": steps(conv(64, 1, norm=n), same(96, 3, n), conv(96, 3, 2, norm=n)),
            "branch_pool": MaxPool(3, 2),
        }
    )


def module_b(d: Dialect, c: int) -> Concat:
    """Figure 6: 7x7 as 1x7 and 7x1."""
    n = d.norm
    double = (conv(c, 1, norm=n), same(c, (7, 1), n), same(c, (1, 7), n), same(c, (7, 1), n))
    return Concat(
        {
            "branch1x1": conv(192, 1, norm=n),
            "branch7x7": steps(conv(c, 1, norm=n), same(c, (1, 7), n), same(192, (7, 1), n)),
            "branch7x7dbl": steps(*double, same(192, (1, 7), n)),
            "branch_pool": pooled(d, 192),
        }
    )


def reduction_b(d: Dialect) -> Concat:
    """The second halving."""
    n = d.norm
    factored = (conv(192, 1, norm=n), same(192, (1, 7), n), same(192, (7, 1), n))
    return Concat(
        {
            "branch3x3": steps(conv(192, 1, norm=n), conv(320, 3, 2, norm=n)),
            "branch7x7x3": steps(*factored, conv(192, 3, 2, norm=n)),
            "branch_pool": MaxPool(3, 2),
        }
    )


def module_c(d: Dialect) -> Concat:
    """Figure 7: the coarsest maps, branches that split."""
    n = d.norm
    return Concat(
        {
            "branch1x1": conv(320, 1, norm=n),
            "branch3x3": steps(conv(384, 1, norm=n), split(d, 384)),
            "branch3x3dbl": steps(conv(448, 1, norm=n), same(384, 3, n), split(d, 384)),
            "branch_pool": pooled(d, 192),
        }
    )


def head(d: Dialect, classes: int) -> Head:
    """Figure 8, on the last 17 x 17 module; its loss counts 0.4, as in TF-Slim."""
    body: dict[str, Word] = {
        "pool": AvgPool(5, 3),
        "conv0": conv(128, 1, norm=d.norm),
        "conv1": conv(768, 5, norm=d.norm),
        "avgpool": GlobalAvgPool(),
        "flatten": Flatten(),
        "fc": Linear(classes),
    }
    return Head("Mixed_6e", Chain(body), weight=0.4)


def inception_v3(dialect: str = "inception_v3", classes: int = 1000) -> Network:
    """Table 1 under the names of the published checkpoints."""
    d = DIALECTS[dialect]
    n = d.norm
    body: dict[str, Word] = {
        "Conv2d_1a_3x3": conv(32, 3, 2, norm=n),
        "Conv2d_2a_3x3": conv(32, 3, norm=n),
        "Conv2d_2b_3x3": same(64, 3, n),
        "maxpool1": MaxPool(3, 2),
        "Conv2d_3b_1x1": conv(80, 1, norm=n),
        "Conv2d_4a_3x3": conv(192, 3, norm=n),
        "maxpool2": MaxPool(3, 2),
        **{name: module_a(d, features) for name, features in POOL_FEATURES.items()},
        "Mixed_6a": reduction_a(d),
        **{name: module_b(d, channels) for name, channels in CHANNELS_7X7.items()},
        "Mixed_7a": reduction_b(d),
        "Mixed_7b": module_c(d),
        "Mixed_7c": module_c(d),
        **classifier("fc", classes, d.dropout),
    }
    return Network(
        name=dialect,
        origin=d.origin,
        input=(3, 299, 299),
        classes=classes,
        body=Chain(body),
        heads={"AuxLogits": head(d, classes)} if d.head else {},
        classifier="fc",
        init=d.init,
        label_smoothing=0.1,
    )
