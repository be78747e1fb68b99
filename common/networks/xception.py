"""Xception: F. Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2016.

arXiv:1610.02357, figure 5: every Inception module is replaced by depthwise separable convolutions
with residual connections around them.
"""

from common.networks.blocks import NORM, classifier, conv
from common.networks.overrides import Variant, every, pad_strided
from common.spec import (
    BatchNorm,
    Chain,
    Conv,
    DepthwiseConv,
    Init,
    Layer,
    MaxPool,
    NetworkSpec,
    PaddingRule,
    ReLU,
    Residual,
    sequence,
)
from common.spec.block import block
from common.spec.preprocess import TIMM_WIDE


@block
def separable(channels: int) -> Chain:
    """A 3x3 depthwise convolution, then a 1x1 convolution, without a ReLU between them."""
    return Chain({"depthwise": DepthwiseConv(3, 1, 1), "pointwise": Conv(channels, 1, bias=False)})


@block
def halving(first: int, second: int, relu: bool = True) -> Residual:
    """A block of the entry or exit flow: two separable convolutions, a pool and a 1x1 shortcut."""
    layers: list[Layer] = [ReLU()] if relu else []
    layers += [separable(first), NORM, ReLU(), separable(second), NORM]
    shortcut = Chain({"conv": Conv(second, 1, 2, bias=False), "bn": NORM})
    return Residual(sequence(*layers, MaxPool(3, 2, PaddingRule.SAME)), shortcut)


@block
def keeping() -> Residual:
    """A block of the middle flow: three separable convolutions with 728 channels."""
    layers: list[Layer] = [ReLU(), separable(728), NORM] * 3
    return Residual(sequence(*layers))


@block
def last(channels: int) -> Chain:
    """A separable convolution at the end of the exit flow."""
    return Chain({**separable(channels).layers, "bn": NORM, "relu": ReLU()})


def xception(classes: int) -> NetworkSpec:
    """Figure 5: entry flow, middle flow, exit flow."""
    # Paper: dropout 0.5 before the classifier on ImageNet; here: none, as in Keras.
    body: dict[str, Layer] = {
        "conv1": conv(32, 3, 2),  # 32 x 149 x 149
        "conv2": conv(64, 3),  # 64 x 147 x 147
        "block1": halving(128, 128, relu=False),  # 128 x 74 x 74
        "block2": halving(256, 256),  # 256 x 37 x 37
        "block3": halving(728, 728),  # 728 x 19 x 19
        "block4": keeping(),  # 728 x 19 x 19
        "block5": keeping(),  # 728 x 19 x 19
        "block6": keeping(),  # 728 x 19 x 19
        "block7": keeping(),  # 728 x 19 x 19
        "block8": keeping(),  # 728 x 19 x 19
        "block9": keeping(),  # 728 x 19 x 19
        "block10": keeping(),  # 728 x 19 x 19
        "block11": keeping(),  # 728 x 19 x 19
        "block12": halving(728, 1024),  # 1024 x 10 x 10
        "conv3": last(1536),  # 1536 x 10 x 10
        "conv4": last(2048),  # 2048 x 10 x 10
        **classifier("fc", classes),
    }
    return NetworkSpec(
        name="xception",
        origin="Keras",
        input=(3, 299, 299),
        classes=classes,
        body=Chain(body),
        heads={},
        classifier="fc",
        init=Init.XAVIER,
    )


# Their layers differ in the padding of the pools, and in `eps` and `keep` of batch norm.
VARIANTS = {
    "xception": Variant(xception, "Keras", (every(BatchNorm, keep=0.99),)),
    "xception.timm": Variant(
        xception,
        "timm",
        (every(BatchNorm, eps=1e-5), pad_strided(1, MaxPool)),
        init=Init.FAN_OUT,
        preprocess=TIMM_WIDE,
    ),
}
