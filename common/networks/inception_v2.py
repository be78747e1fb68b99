"""Inception v2: S. Ioffe and C. Szegedy, Batch Normalization, 2015 (arXiv:1502.03167), figure 5.

GoogLeNet with batch norm, two 3x3 convolutions instead of each 5x5, and modules that halve the
height and width of the feature map.
"""

from common.networks.blocks import classifier, conv, same
from common.networks.overrides import Variant, conv_classifier, every, pad_strided, replace_at
from common.spec import (
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Conv,
    DepthwiseConv,
    Init,
    MaxPool,
    NetworkSpec,
    PaddingRule,
    ReLU,
    sequence,
)
from common.spec.block import block
from common.spec.preprocess import BN_INCEPTION, SLIM

# Figure 5 as in TF-Slim: with the paper's pool projections of 128 in 4c and 4d, the channels
# would not add up to the paper's 576.
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

# The modules that halve the height and width.
#         3x3r 3x3  dblr dbl
REDUCTION = {
    "3c": (128, 160, 64,  96),
    "4e": (128, 192, 192, 256),
}  # fmt: skip


@block
def inception(name: str) -> Concat:
    """A module that keeps the height and width of the feature map."""
    one, three_reduce, three, double_reduce, double, pool, proj = INCEPTION[name]
    pooling = AvgPool(3, 1, 1) if pool == "avg" else MaxPool(3, 1, 1)
    return Concat(
        {
            "branch1": conv(one, 1),
            "branch2": sequence(conv(three_reduce, 1), same(three, 3)),
            "branch3": sequence(conv(double_reduce, 1), same(double, 3), same(double, 3)),
            "branch4": sequence(pooling, conv(proj, 1)),
        }
    )


@block
def reduction(name: str) -> Concat:
    """A module that halves the height and width; its pooling branch keeps all channels."""
    three_reduce, three, double_reduce, double = REDUCTION[name]
    halving = conv(double, 3, stride=2, padding=1)
    return Concat(
        {
            "branch2": sequence(conv(three_reduce, 1), conv(three, 3, stride=2, padding=1)),
            "branch3": sequence(conv(double_reduce, 1), same(double, 3), halving),
            "branch4": MaxPool(3, 2, padding=1),
        }
    )


def inception_v2(classes: int) -> NetworkSpec:
    """The network of figure 5, with the paper's module names."""
    # Paper: a separable first convolution, to save time; here: an ordinary one, as in Caffe and
    # MXNet. Paper: no padding given; here: 3 in conv1, and 1 in all other layers of stride 2, which
    # gives the paper's sizes.
    body = Chain(
        {
            "conv1": conv(64, 7, stride=2, padding=3),  # 64 x 112 x 112
            "maxpool1": MaxPool(3, 2, padding=1),  # 64 x 56 x 56
            "conv2": conv(64, 1),  # 64 x 56 x 56
            "conv3": same(192, 3),  # 192 x 56 x 56
            "maxpool2": MaxPool(3, 2, padding=1),  # 192 x 28 x 28
            "inception3a": inception("3a"),  # 256 x 28 x 28
            "inception3b": inception("3b"),  # 320 x 28 x 28
            "inception3c": reduction("3c"),  # 576 x 14 x 14
            "inception4a": inception("4a"),  # 576 x 14 x 14
            "inception4b": inception("4b"),  # 576 x 14 x 14
            "inception4c": inception("4c"),  # 576 x 14 x 14
            "inception4d": inception("4d"),  # 576 x 14 x 14
            "inception4e": reduction("4e"),  # 1024 x 7 x 7
            "inception5a": inception("5a"),  # 1024 x 7 x 7
            "inception5b": inception("5b"),  # 1024 x 7 x 7
            **classifier("fc", classes),
        }
    )
    return NetworkSpec(
        name="inception_v2",
        origin="arXiv:1502.03167",
        input=(3, 224, 224),
        classes=classes,
        body=body,
        heads={},
        classifier="fc",
        init=Init.FAN_IN,
    )


# TF-Slim's conv1: 8 kernels per channel, then a 1x1 convolution with a bias and no batch norm.
SEPARABLE_STEM = Chain(
    {
        "depthwise": DepthwiseConv(7, 2, PaddingRule.SAME, multiplier=8),
        "pointwise": Conv(64, 1),
        "relu": ReLU(),
    }
)

VARIANTS = {
    "inception_v2": Variant(inception_v2, "arXiv:1502.03167", preprocess=SLIM),
    "inception_v2.slim": Variant(
        inception_v2,
        "TF-Slim",
        (
            every(BatchNorm, keep=0.9997, scale=False),
            replace_at("conv1", SEPARABLE_STEM),
            pad_strided(PaddingRule.SAME, MaxPool, Conv),
            conv_classifier,  # Paper: no dropout with batch norm; TF-Slim: 0.2.
        ),
        preprocess=SLIM,
    ),
    # As in Caffe, convolutions have biases beside batch norm. Pools round their output size up, and
    # convolutions do not, so the branches of a reduction have the same size only for even inputs.
    "inception_v2.caffe": Variant(
        inception_v2,
        "Caffe",
        (
            every(Conv, bias=True),
            every(BatchNorm, eps=1e-5),
            replace_at(r"inception4[cd]\.branch4\.1\.conv", Conv(128, 1)),  # 608 channels
            every(AvgPool, counts_border=True),
            pad_strided(PaddingRule.CEIL, MaxPool),
        ),
        preprocess=BN_INCEPTION,
    ),
}
