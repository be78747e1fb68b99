"""Inception v4: C. Szegedy et al., Inception-v4, Inception-ResNet, 2016 (arXiv:1602.07261).

Modules A, B and C, one kind for each of three feature map sizes. Average pools exclude the padding.
"""

from common.networks.blocks import classifier, conv, head, same
from common.networks.overrides import Variant
from common.spec import AvgPool, Chain, Concat, Init, Layer, MaxPool, NetworkSpec, sequence
from common.spec.block import block
from common.spec.preprocess import TIMM


@block
def average(channels: int) -> Chain:
    """The pooling branch of modules A, B and C."""
    return sequence(AvgPool(3, 1, 1), conv(channels, 1))


@block
def split() -> Concat:
    """Parallel 1x3 and 3x1 convolutions (figure 6)."""
    return Concat({"a": same(256, (1, 3)), "b": same(256, (3, 1))})


@block
def stem_3a() -> Concat:
    """Figure 3, the first of three parts that split into two branches."""
    return Concat({"maxpool": MaxPool(3, 2), "conv": conv(96, 3, 2)})


@block
def stem_4a() -> Concat:
    """Figure 3, the second part with two branches."""
    # Paper: 7x1, then 1x7; here: TF-Slim's order.
    factored = (conv(64, 1), same(64, (1, 7)), same(64, (7, 1)), conv(96, 3))
    return Concat({"branch0": sequence(conv(64, 1), conv(96, 3)), "branch1": sequence(*factored)})


@block
def stem_5a() -> Concat:
    """Figure 3, the third part with two branches."""
    return Concat({"conv": conv(192, 3, 2), "maxpool": MaxPool(3, 2)})


@block
def module_a() -> Concat:
    """Figure 4."""
    return Concat(
        {
            "branch0": conv(96, 1),
            "branch1": sequence(conv(64, 1), same(96, 3)),
            "branch2": sequence(conv(64, 1), same(96, 3), same(96, 3)),
            "branch3": average(96),
        }
    )


@block
def reduction_a() -> Concat:
    """Figure 7 with k, l, m, n = 192, 224, 256, 384."""
    return Concat(
        {
            "branch0": conv(384, 3, 2),
            "branch1": sequence(conv(192, 1), same(224, 3), conv(256, 3, 2)),
            "branch2": MaxPool(3, 2),
        }
    )


@block
def module_b() -> Concat:
    """Figure 5."""
    # Paper: 1x7 twice in one branch, alternating 1x7 and 7x1 in the other; here: TF-Slim's order.
    double = (same(192, (7, 1)), same(224, (1, 7)), same(224, (7, 1)), same(256, (1, 7)))
    return Concat(
        {
            "branch0": conv(384, 1),
            "branch1": sequence(conv(192, 1), same(224, (1, 7)), same(256, (7, 1))),
            "branch2": sequence(conv(192, 1), *double),
            "branch3": average(128),
        }
    )


@block
def reduction_b() -> Concat:
    """Figure 8."""
    factored = (conv(256, 1), same(256, (1, 7)), same(320, (7, 1)), conv(320, 3, 2))
    return Concat(
        {
            "branch0": sequence(conv(192, 1), conv(192, 3, 2)),
            "branch1": sequence(*factored),
            "branch2": MaxPool(3, 2),
        }
    )


@block
def module_c() -> Concat:
    """Figure 6."""
    # Paper: 1x3, then 3x1 in the longest branch; here: TF-Slim's order.
    double = (conv(384, 1), same(448, (3, 1)), same(512, (1, 3)))
    return Concat(
        {
            "branch0": conv(256, 1),
            "branch1": sequence(conv(384, 1), split()),
            "branch2": sequence(*double, split()),
            "branch3": average(256),
        }
    )


def inception_v4(classes: int) -> NetworkSpec:
    """Figure 9, with TF-Slim's layer names: 4 modules A, 7 modules B and 3 modules C."""
    body: dict[str, Layer] = {
        "Conv2d_1a_3x3": conv(32, 3, 2),  # 32 x 149 x 149
        "Conv2d_2a_3x3": conv(32, 3),  # 32 x 147 x 147
        "Conv2d_2b_3x3": same(64, 3),  # 64 x 147 x 147
        "Mixed_3a": stem_3a(),  # 160 x 73 x 73
        "Mixed_4a": stem_4a(),  # 192 x 71 x 71
        "Mixed_5a": stem_5a(),  # 384 x 35 x 35
        "Mixed_5b": module_a(),  # 384 x 35 x 35
        "Mixed_5c": module_a(),  # 384 x 35 x 35
        "Mixed_5d": module_a(),  # 384 x 35 x 35
        "Mixed_5e": module_a(),  # 384 x 35 x 35
        "Mixed_6a": reduction_a(),  # 1024 x 17 x 17
        "Mixed_6b": module_b(),  # 1024 x 17 x 17
        "Mixed_6c": module_b(),  # 1024 x 17 x 17
        "Mixed_6d": module_b(),  # 1024 x 17 x 17
        "Mixed_6e": module_b(),  # 1024 x 17 x 17
        "Mixed_6f": module_b(),  # 1024 x 17 x 17
        "Mixed_6g": module_b(),  # 1024 x 17 x 17
        "Mixed_6h": module_b(),  # 1024 x 17 x 17
        "Mixed_7a": reduction_b(),  # 1536 x 8 x 8
        "Mixed_7b": module_c(),  # 1536 x 8 x 8
        "Mixed_7c": module_c(),  # 1536 x 8 x 8
        "Mixed_7d": module_c(),  # 1536 x 8 x 8
        **classifier("fc", classes, dropout=0.2),
    }
    return NetworkSpec(
        name="inception_v4",
        origin="arXiv:1602.07261",
        input=(3, 299, 299),
        classes=classes,
        body=Chain(body),
        # Paper: no head; here: the optional head of the published code.
        heads={"AuxLogits": head("Mixed_6h", classes)},
        classifier="fc",
        init=Init.FAN_IN,
        label_smoothing=0.1,
    )


VARIANTS = {"inception_v4": Variant(inception_v4, "arXiv:1602.07261", preprocess=TIMM)}
