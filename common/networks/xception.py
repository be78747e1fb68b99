"""Xception: F. Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2016.

arXiv:1610.02357, figure 5: every Inception module replaced by depthwise separable convolutions,
with residuals around them.
"""

from common.networks.blocks import NORM, classifier, conv
from common.networks.dialects import Dialect, every, pad_strided
from common.preprocess import TIMM_WIDE
from common.spec import (
    BatchNorm,
    Chain,
    Conv,
    DepthwiseConv,
    Init,
    MaxPool,
    NetworkSpec,
    ReLU,
    Residual,
    Rule,
    Word,
    sequence,
)


def separable(channels: int) -> Chain:
    """A 3x3 convolution of each channel alone, then 1x1 across them; no ReLU between."""
    return Chain({"depthwise": DepthwiseConv(3, 1, 1), "pointwise": Conv(channels, 1, bias=False)})


def halving(first: int, second: int, relu: bool = True) -> Residual:
    """A block of the entry or exit flow: two separable convolutions, a pool, a 1x1 shortcut."""
    words: list[Word] = [ReLU()] if relu else []
    words += [separable(first), NORM, ReLU(), separable(second), NORM]
    shortcut = Chain({"conv": Conv(second, 1, 2, bias=False), "bn": NORM})
    return Residual(sequence(*words, MaxPool(3, 2, Rule.SAME)), shortcut)


def keeping() -> Residual:
    """A block of the middle flow: three separable convolutions on 728 channels."""
    words: list[Word] = [ReLU(), separable(728), NORM] * 3
    return Residual(sequence(*words))


def last(channels: int) -> Chain:
    """A separable convolution of the exit flow's end."""
    return Chain({**separable(channels).steps, "bn": NORM, "relu": ReLU()})


def xception(classes: int) -> NetworkSpec:
    """Figure 5: entry flow, middle flow, exit flow."""
    # Paper: dropout 0.5 before the classifier on ImageNet; here: none, as Keras publishes it.
    body: dict[str, Word] = {
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


DIALECTS = {
    "xception": Dialect(xception, "Keras", (every(BatchNorm, keep=0.99),)),
    "xception.timm": Dialect(
        xception,
        "timm",
        (every(BatchNorm, eps=1e-5), pad_strided(1, MaxPool)),
        init=Init.FAN_OUT,
        preprocess=TIMM_WIDE,
    ),
}
