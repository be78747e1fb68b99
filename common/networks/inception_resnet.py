"""Inception-ResNet: C. Szegedy et al., 2016 (arXiv:1602.07261), v1 and v2.

Inception modules as residual branches: their output is projected by a 1x1 convolution without ReLU,
scaled down, and added to the input.
"""

from collections.abc import Mapping

from common.networks.blocks import NORM, classifier, conv, head, same
from common.networks.facenet import biased_projections, embedding, whole_block8
from common.networks.overrides import Variant, every, remove
from common.spec import (
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Conv,
    Init,
    Layer,
    MaxPool,
    NetworkSpec,
    ReLU,
    Residual,
    sequence,
)
from common.spec.block import block
from common.spec.preprocess import FACENET, SLIM, TIMM_WIDE


def residual(
    branches: Mapping[str, Layer], projection: Mapping[str, Layer], scale: float, relu: bool = True
) -> Chain:
    """The residual block common to figures 10, 11, 13, 16, 17 and 19."""
    branch = Chain({"branches": Concat(branches), **projection})
    layers: dict[str, Layer] = {"residual": Residual(branch, scale=scale)}
    return Chain(layers | ({"relu": ReLU()} if relu else {}))


def biased_projection(channels: int) -> dict[str, Layer]:
    """The linear projection in the published code of v2, with a bias and no batch norm."""
    return {"conv2d": Conv(channels, 1)}


def norm_projection(channels: int) -> dict[str, Layer]:
    """The linear projection of v1, for which there is no published code."""
    # Paper: batch norm "only on top of the traditional layers, but not on top of the summations".
    # A projection is such a layer; with batch norm and no bias, v1 has 22,775,528 parameters.
    return {"conv2d": Conv(channels, 1, bias=False), "bn": NORM}


def repeat(times: int, block: Chain, last: Chain | None = None) -> Chain:
    """A chain of `times` copies of `block`, the last of them replaced by `last` if it is given."""
    return sequence(*[block] * (times - 1), last or block)


@block
def block35_v1() -> Chain:
    """Figure 10."""
    branches: dict[str, Layer] = {
        "branch0": conv(32, 1),
        "branch1": sequence(conv(32, 1), same(32, 3)),
        "branch2": sequence(conv(32, 1), same(32, 3), same(32, 3)),
    }
    return residual(branches, norm_projection(256), scale=0.17)


@block
def block17_v1() -> Chain:
    """Figure 11."""
    branches: dict[str, Layer] = {
        "branch0": conv(128, 1),
        "branch1": sequence(conv(128, 1), same(128, (1, 7)), same(128, (7, 1))),
    }
    return residual(branches, norm_projection(896), scale=0.1)


@block
def block8_v1() -> Chain:
    """Figure 13."""
    branches: dict[str, Layer] = {
        "branch0": conv(192, 1),
        "branch1": sequence(conv(192, 1), same(192, (1, 3)), same(192, (3, 1))),
    }
    return residual(branches, norm_projection(1792), scale=0.2)


@block
def mixed_5b() -> Concat:
    """The module before block35: Inception v3's figure 5, as in the published code."""
    # Paper: v4's stem (figure 3), 384 channels; here: v3's stem and this module, 320 channels.
    return Concat(
        {
            "branch0": conv(96, 1),
            "branch1": sequence(conv(48, 1), same(64, 5)),
            "branch2": sequence(conv(64, 1), same(96, 3), same(96, 3)),
            "branch3": sequence(AvgPool(3, 1, 1), conv(64, 1)),
        }
    )


@block
def block35() -> Chain:
    """Figure 16."""
    branches: dict[str, Layer] = {
        "branch0": conv(32, 1),
        "branch1": sequence(conv(32, 1), same(32, 3)),
        "branch2": sequence(conv(32, 1), same(48, 3), same(64, 3)),
    }
    return residual(branches, biased_projection(320), scale=0.17)


@block
def reduction_a(widths: tuple[int, int, int, int]) -> Concat:
    """Figure 7, with the paper's k, l, m and n."""
    k, l, m, wide = widths  # noqa: E741 - the paper's names
    return Concat(
        {
            "branch0": conv(wide, 3, 2),
            "branch1": sequence(conv(k, 1), same(l, 3), conv(m, 3, 2)),
            "branch2": MaxPool(3, 2),
        }
    )


@block
def block17() -> Chain:
    """Figure 17."""
    branches: dict[str, Layer] = {
        "branch0": conv(192, 1),
        "branch1": sequence(conv(128, 1), same(160, (1, 7)), same(192, (7, 1))),
    }
    return residual(branches, biased_projection(1088), scale=0.1)


@block
def reduction_b(widths: tuple[int, int, int, int]) -> Concat:
    """Figures 12 and 18, with the numbers of channels of the 3x3 convolutions."""
    first, second, middle, third = widths
    return Concat(
        {
            "branch0": sequence(conv(256, 1), conv(first, 3, 2)),
            "branch1": sequence(conv(256, 1), conv(second, 3, 2)),
            "branch2": sequence(conv(256, 1), same(middle, 3), conv(third, 3, 2)),
            "branch3": MaxPool(3, 2),
        }
    )


@block
def block8(relu: bool = True, scale: float = 0.2) -> Chain:
    """Figure 19."""
    branches: dict[str, Layer] = {
        "branch0": conv(192, 1),
        "branch1": sequence(conv(192, 1), same(224, (1, 3)), same(256, (3, 1))),
    }
    return residual(branches, biased_projection(2080), scale, relu)


def stem() -> dict[str, Layer]:
    """The first layers of both networks: Inception v3's stem, except for its last pool."""
    return {
        "conv2d_1a": conv(32, 3, 2),  # 32 x 149 x 149
        "conv2d_2a": conv(32, 3),  # 32 x 147 x 147
        "conv2d_2b": same(64, 3),  # 64 x 147 x 147
        "maxpool_3a": MaxPool(3, 2),  # 64 x 73 x 73
        "conv2d_3b": conv(80, 1),  # 80 x 73 x 73
        "conv2d_4a": conv(192, 3),  # 192 x 71 x 71
    }


def inception_resnet_v1(classes: int) -> NetworkSpec:
    """Figure 15 for v1: 5 + 10 + 5 residual blocks after the stem of figure 14."""
    # Paper: scales between 0.1 and 0.3, and no code; here: the scales and the dropout of v2's code.
    body: dict[str, Layer] = {
        **stem(),
        "conv2d_4b": conv(256, 3, 2),  # 256 x 35 x 35
        "block35": repeat(5, block35_v1()),  # 256 x 35 x 35
        "mixed_6a": reduction_a((192, 192, 256, 384)),  # 896 x 17 x 17
        "block17": repeat(10, block17_v1()),  # 896 x 17 x 17
        "mixed_7a": reduction_b((384, 256, 256, 256)),  # 1792 x 8 x 8
        "block8": repeat(5, block8_v1()),  # 1792 x 8 x 8
        **classifier("classif", classes, dropout=0.2),
    }
    return NetworkSpec(
        name="inception_resnet_v1",
        origin="arXiv:1602.07261",
        input=(3, 299, 299),
        classes=classes,
        body=Chain(body),
        heads={},
        classifier="classif",
        init=Init.FAN_IN,
        label_smoothing=0.1,
    )


def inception_resnet_v2(classes: int) -> NetworkSpec:
    """Figure 15 for v2, as in the authors' code."""
    # Paper: 5 + 10 + 5 blocks, all scaled, 384, 1154 and 2048 channels wide, then the mean;
    # here: 10 + 20 + 10 blocks, the last without scaling or ReLU, 320, 1088 and 2080 channels wide,
    # then a 1x1 convolution and the mean.
    body: dict[str, Layer] = {
        **stem(),
        "maxpool_5a": MaxPool(3, 2),  # 192 x 35 x 35
        "mixed_5b": mixed_5b(),  # 320 x 35 x 35
        "block35": repeat(10, block35()),  # 320 x 35 x 35
        "mixed_6a": reduction_a((256, 256, 384, 384)),  # 1088 x 17 x 17
        "block17": repeat(20, block17()),  # 1088 x 17 x 17
        "mixed_7a": reduction_b((384, 288, 288, 320)),  # 2080 x 8 x 8
        "block8": repeat(10, block8(), last=block8(relu=False, scale=1)),  # 2080 x 8 x 8
        "conv2d_7b": conv(1536, 1),  # 1536 x 8 x 8
        **classifier("classif", classes, dropout=0.2),
    }
    return NetworkSpec(
        name="inception_resnet_v2",
        origin="arXiv:1602.07261",
        input=(3, 299, 299),
        classes=classes,
        body=Chain(body),
        # Paper: no head; here: the optional head of the published code.
        heads={"AuxLogits": head("block17", classes)},
        classifier="classif",
        init=Init.FAN_IN,
        label_smoothing=0.1,
    )


VARIANTS = {
    "inception_resnet_v1": Variant(inception_resnet_v1, "arXiv:1602.07261", preprocess=SLIM),
    "inception_resnet_v1.facenet": Variant(
        inception_resnet_v1,
        "facenet-pytorch",
        (biased_projections, whole_block8, embedding),
        input=(3, 160, 160),
        classes=8631,  # the people in VGGFace2
        preprocess=FACENET,
    ),
    "inception_resnet_v2": Variant(inception_resnet_v2, "arXiv:1602.07261", preprocess=TIMM_WIDE),
    "inception_resnet_v2.keras": Variant(
        inception_resnet_v2,
        "Keras",
        (every(BatchNorm, keep=0.99, scale=False), remove("dropout")),
        heads=False,
        init=Init.XAVIER,
    ),
}
