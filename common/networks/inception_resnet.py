"""Inception-ResNet: C. Szegedy et al., 2016 (arXiv:1602.07261), v1 and v2.

Inception modules as residual branches: what they compute is projected by a 1x1 convolution
without ReLU, scaled down, and added to the input.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from common.networks.blocks import NORM, classifier, conv, head, same
from common.spec import (
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Conv,
    Dropout,
    Init,
    MaxPool,
    Network,
    ReLU,
    Residual,
    Word,
    sequence,
)


@dataclass(frozen=True)
class Dialect:
    """How a reading of Inception-ResNet differs from its authors' v2."""

    origin: str
    norm: BatchNorm = NORM
    dropout: tuple[Word, ...] = (Dropout(0.2),)
    head: bool = True
    init: Init = Init.FAN_IN


DIALECTS = {
    "inception_resnet_v2": Dialect("arXiv:1602.07261"),
    "inception_resnet_v2.keras": Dialect(
        "Keras",
        BatchNorm(1e-3, keep=0.99, scale=False),
        dropout=(),
        head=False,
        init=Init.XAVIER,
    ),
}


def residual(
    branches: Mapping[str, Word], projection: Mapping[str, Word], scale: float, relu: bool = True
) -> Chain:
    """The frame of figures 10, 11, 13, 16, 17 and 19."""
    branch = Chain({"branches": Concat(branches), **projection})
    steps: dict[str, Word] = {"residual": Residual(branch, scale=scale)}
    return Chain(steps | ({"relu": ReLU()} if relu else {}))


def biased(channels: int) -> dict[str, Word]:
    """The linear projection of v2's published code: a bias and no batch norm."""
    return {"conv2d": Conv(channels, 1)}


def normalised(channels: int) -> dict[str, Word]:
    """The linear projection of v1, of which there is no published code."""
    # Paper: batch norm "only on top of the traditional layers, but not on top of the summations",
    # and a projection is such a layer; with it and no bias v1 has 22,775,528 parameters.
    return {"conv2d": Conv(channels, 1, bias=False), "bn": NORM}


def repeated(times: int, block: Chain, last: Chain | None = None) -> Chain:
    """The block so many times, the last one replaced if another is given."""
    return sequence(*[block] * (times - 1), last or block)


# ---- v1


def block35_v1() -> Chain:
    """Figure 10."""
    branches: dict[str, Word] = {
        "branch0": conv(32, 1),
        "branch1": sequence(conv(32, 1), same(32, 3)),
        "branch2": sequence(conv(32, 1), same(32, 3), same(32, 3)),
    }
    return residual(branches, normalised(256), scale=0.17)


def block17_v1() -> Chain:
    """Figure 11."""
    branches: dict[str, Word] = {
        "branch0": conv(128, 1),
        "branch1": sequence(conv(128, 1), same(128, (1, 7)), same(128, (7, 1))),
    }
    return residual(branches, normalised(896), scale=0.1)


def block8_v1() -> Chain:
    """Figure 13."""
    branches: dict[str, Word] = {
        "branch0": conv(192, 1),
        "branch1": sequence(conv(192, 1), same(192, (1, 3)), same(192, (3, 1))),
    }
    return residual(branches, normalised(1792), scale=0.2)


# ---- v2


def mixed_5b(n: BatchNorm) -> Concat:
    """Before the first residual block: Inception v3's figure 5 in the published code."""
    # Paper: v4's stem (figure 3), 384 channels; here: v3's stem and this, 320, as published.
    return Concat(
        {
            "branch0": conv(96, 1, norm=n),
            "branch1": sequence(conv(48, 1, norm=n), same(64, 5, n)),
            "branch2": sequence(conv(64, 1, norm=n), same(96, 3, n), same(96, 3, n)),
            "branch3": sequence(AvgPool(3, 1, 1), conv(64, 1, norm=n)),
        }
    )


def block35(n: BatchNorm) -> Chain:
    """Figure 16."""
    branches: dict[str, Word] = {
        "branch0": conv(32, 1, norm=n),
        "branch1": sequence(conv(32, 1, norm=n), same(32, 3, n)),
        "branch2": sequence(conv(32, 1, norm=n), same(48, 3, n), same(64, 3, n)),
    }
    return residual(branches, biased(320), scale=0.17)


def reduction_a(n: BatchNorm, widths: tuple[int, int, int, int]) -> Concat:
    """Figure 7, with the paper's k, l, m, n."""
    k, l, m, wide = widths  # noqa: E741 - the paper's names
    return Concat(
        {
            "branch0": conv(wide, 3, 2, norm=n),
            "branch1": sequence(conv(k, 1, norm=n), same(l, 3, n), conv(m, 3, 2, norm=n)),
            "branch2": MaxPool(3, 2),
        }
    )


def block17(n: BatchNorm) -> Chain:
    """Figure 17."""
    branches: dict[str, Word] = {
        "branch0": conv(192, 1, norm=n),
        "branch1": sequence(conv(128, 1, norm=n), same(160, (1, 7), n), same(192, (7, 1), n)),
    }
    return residual(branches, biased(1088), scale=0.1)


def reduction_b(n: BatchNorm, widths: tuple[int, int, int, int]) -> Concat:
    """Figures 12 and 18, with the widths of the branches' ends."""
    first, second, middle, third = widths
    return Concat(
        {
            "branch0": sequence(conv(256, 1, norm=n), conv(first, 3, 2, norm=n)),
            "branch1": sequence(conv(256, 1, norm=n), conv(second, 3, 2, norm=n)),
            "branch2": sequence(
                conv(256, 1, norm=n), same(middle, 3, n), conv(third, 3, 2, norm=n)
            ),
            "branch3": MaxPool(3, 2),
        }
    )


def block8(n: BatchNorm, relu: bool = True, scale: float = 0.2) -> Chain:
    """Figure 19."""
    branches: dict[str, Word] = {
        "branch0": conv(192, 1, norm=n),
        "branch1": sequence(conv(192, 1, norm=n), same(224, (1, 3), n), same(256, (3, 1), n)),
    }
    return residual(branches, biased(2080), scale, relu)


def stem(n: BatchNorm) -> dict[str, Word]:
    """The convolutions that both begin with, those of Inception v3."""
    return {
        "conv2d_1a": conv(32, 3, 2, norm=n),
        "conv2d_2a": conv(32, 3, norm=n),
        "conv2d_2b": same(64, 3, n),
        "maxpool_3a": MaxPool(3, 2),
        "conv2d_3b": conv(80, 1, norm=n),
        "conv2d_4a": conv(192, 3, norm=n),
    }


def inception_resnet_v1(classes: int = 1000) -> Network:
    """Figure 15 for v1: 5 + 10 + 5 residual blocks on the stem of figure 14."""
    # Paper: scales between 0.1 and 0.3, and no code; here: those of v2's code.
    d = Dialect("arXiv:1602.07261", head=False)
    body: dict[str, Word] = {
        **stem(NORM),
        "conv2d_4b": conv(256, 3, 2),
        "block35": repeated(5, block35_v1()),
        "mixed_6a": reduction_a(NORM, (192, 192, 256, 384)),
        "block17": repeated(10, block17_v1()),
        "mixed_7a": reduction_b(NORM, (384, 256, 256, 256)),
        "block8": repeated(5, block8_v1()),
    }
    return assembled("inception_resnet_v1", d, body, classes)


def inception_resnet_v2(dialect: str = "inception_resnet_v2", classes: int = 1000) -> Network:
    """Figure 15 for v2, as its authors' code has it."""
    # Paper: 5 + 10 + 5 blocks, all scaled, 384, 1154 and 2048 channels wide, and then the mean;
    # here: 10 + 20 + 10, the last one whole, 320, 1088 and 2080 wide, and a 1x1 convolution.
    d = DIALECTS[dialect]
    n = d.norm
    body: dict[str, Word] = {
        **stem(n),
        "maxpool_5a": MaxPool(3, 2),
        "mixed_5b": mixed_5b(n),
        "block35": repeated(10, block35(n)),
        "mixed_6a": reduction_a(n, (256, 256, 384, 384)),
        "block17": repeated(20, block17(n)),
        "mixed_7a": reduction_b(n, (384, 288, 288, 320)),
        "block8": repeated(10, block8(n), block8(n, relu=False, scale=1)),
        "conv2d_7b": conv(1536, 1, norm=n),
    }
    return assembled(dialect, d, body, classes)


def assembled(name: str, d: Dialect, body: Mapping[str, Word], classes: int) -> Network:
    """The network of that body, with its classifier and its head."""
    return Network(
        name=name,
        origin=d.origin,
        input=(3, 299, 299),
        classes=classes,
        body=Chain({**body, **classifier("classif", classes, d.dropout)}),
        # Paper: no head; here: the published code's, optional.
        heads={"AuxLogits": head("block17", classes, d.norm)} if d.head else {},
        classifier="classif",
        init=d.init,
        label_smoothing=0.1,
    )
