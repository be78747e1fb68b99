"""Inception v2: S. Ioffe and C. Szegedy, Batch Normalization, 2015 (arXiv:1502.03167), figure 5.

GoogLeNet with batch norm, two 3x3 convolutions for a 5x5, and modules that halve the map.
"""

from dataclasses import dataclass

from common.networks.blocks import NORM, classifier, conv
from common.spec import (
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Conv,
    DepthwiseConv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Init,
    MaxPool,
    Network,
    Padding,
    ReLU,
    Rule,
    Word,
    sequence,
)

# Figure 5 as TF-Slim reads it: with the paper's pool projections of 128 in 4c and 4d, the
# channels would not add up to its 576.
#        1x1  3x3r 3x3  dblr dbl  pool   proj
INCEPTION = {
    "3a": (64,  64,  64,  64,  96,  "avg", 32),
    "3b": (64,  64,  96,  64,  96,  "avg", 64),
    "4a": (224, 64,  96,  96,  128, "avg", 128),
    "4b": (192, 96,  128, 96,  128, "avg", 128),
    "4c": (160, 128, 160, 128, 160, "avg", 96),
    "4d": (96,  128, 192, 160, 192, "avg", 96),
    "5a": (352, 192, 320, 160, 224, "avg", 128),
    "5b": (352, 192, 320, 192, 224, "max", 128),
}  # fmt: skip

# The modules that halve the map.
#         3x3r 3x3  dblr dbl
REDUCTION = {
    "3c": (128, 160, 64,  96),
    "4e": (128, 192, 192, 256),
}  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """How a network reads figure 5."""

    origin: str
    norm: BatchNorm = NORM
    # Where a window has stride 2; the paper does not say, and 1 gives its sizes.
    padding: Padding = 1
    separable: bool = False


DIALECTS = {
    "inception_v2": Dialect("arXiv:1502.03167"),
    "inception_v2.slim": Dialect(
        "TF-Slim", BatchNorm(1e-3, keep=0.9997, scale=False), Rule.SAME, separable=True
    ),
}


def stem(d: Dialect) -> Chain:
    """The first convolution: an ordinary one, or 8 kernels a channel and then 1x1."""
    # Paper: the separable one, to save time; here: an ordinary one, as Caffe's and MXNet's, unless
    # in `.slim`, which has it with a bias and no norm.
    if not d.separable:
        return conv(64, 7, 2, 3, d.norm)
    steps: dict[str, Word] = {
        "depthwise": DepthwiseConv(7, 2, d.padding, multiplier=8),
        "pointwise": Conv(64, 1),
        "relu": ReLU(),
    }
    return Chain(steps)


def inception(d: Dialect, name: str) -> Concat:
    """A module that keeps the map's size."""
    one, three_reduce, three, double_reduce, double, pool, proj = INCEPTION[name]
    pooled = AvgPool(3, 1, 1) if pool == "avg" else MaxPool(3, 1, 1)
    return Concat(
        {
            "branch1": conv(one, 1, norm=d.norm),
            "branch2": sequence(
                conv(three_reduce, 1, norm=d.norm), conv(three, 3, padding=1, norm=d.norm)
            ),
            "branch3": sequence(
                conv(double_reduce, 1, norm=d.norm),
                conv(double, 3, padding=1, norm=d.norm),
                conv(double, 3, padding=1, norm=d.norm),
            ),
            "branch4": sequence(pooled, conv(proj, 1, norm=d.norm)),
        }
    )


def reduction(d: Dialect, name: str) -> Concat:
    """A module that halves the map; the pool passes all channels on."""
    three_reduce, three, double_reduce, double = REDUCTION[name]
    return Concat(
        {
            "branch2": sequence(
                conv(three_reduce, 1, norm=d.norm), conv(three, 3, 2, d.padding, d.norm)
            ),
            "branch3": sequence(
                conv(double_reduce, 1, norm=d.norm),
                conv(double, 3, padding=1, norm=d.norm),
                conv(double, 3, 2, d.padding, d.norm),
            ),
            "branch4": MaxPool(3, 2, d.padding),
        }
    )


def ending(d: Dialect, classes: int) -> dict[str, Word]:
    """The classifier: linear, or as TF-Slim has it dropout and a 1x1 convolution."""
    # Paper: no dropout beside batch norm; TF-Slim: 0.2, and a 7x7 window where here is the map.
    if not (d.separable and classes):
        return classifier("fc", classes)
    pool: dict[str, Word] = {"avgpool": GlobalAvgPool(), "dropout": Dropout(0.2)}
    return pool | {"fc": Conv(classes, 1), "flatten": Flatten()}


def inception_v2(dialect: str = "inception_v2", classes: int = 1000) -> Network:
    """The network of figure 5; its modules bear the paper's names."""
    d = DIALECTS[dialect]
    body = Chain(
        {
            "conv1": stem(d),
            "maxpool1": MaxPool(3, 2, d.padding),
            "conv2": conv(64, 1, norm=d.norm),
            "conv3": conv(192, 3, padding=1, norm=d.norm),
            "maxpool2": MaxPool(3, 2, d.padding),
            "inception3a": inception(d, "3a"),
            "inception3b": inception(d, "3b"),
            "inception3c": reduction(d, "3c"),
            "inception4a": inception(d, "4a"),
            "inception4b": inception(d, "4b"),
            "inception4c": inception(d, "4c"),
            "inception4d": inception(d, "4d"),
            "inception4e": reduction(d, "4e"),
            "inception5a": inception(d, "5a"),
            "inception5b": inception(d, "5b"),
            **ending(d, classes),
        }
    )
    return Network(
        name=dialect,
        origin=d.origin,
        input=(3, 224, 224),
        classes=classes,
        body=body,
        heads={},
        classifier="fc",
        init=Init.FAN_IN,
    )
