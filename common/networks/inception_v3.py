"""Inception v3: C. Szegedy et al., Rethinking the Inception Architecture, 2015 (arXiv:1512.00567).

Factorised convolutions, modules that halve the map without a bottleneck, one head, and labels
smoothed by 0.1. The numbers are those of the published code, which the paper's table 1 shortens.
"""

from common.networks.blocks import classifier, conv, same
from common.networks.dialects import Dialect, downscale, drop, every, put, transform_input
from common.preprocess import FID, TORCHVISION, TRANSFORMED
from common.spec import (
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Flatten,
    GlobalAvgPool,
    Head,
    Init,
    Linear,
    MaxPool,
    NetworkSpec,
    Word,
)


def branch(*words: Word) -> Chain:
    """A branch whose steps are numbered from 1, as the published code has it."""
    return Chain({str(number): word for number, word in enumerate(words, 1)})


def pool_branch(channels: int) -> Chain:
    """The branch that averages, border and all, then projects."""
    return Chain({"pool": AvgPool(3, 1, 1, counts_border=True), "proj": conv(channels, 1)})


def split(channels: int) -> Concat:
    """1x3 and 3x1 side by side (figure 7)."""
    return Concat({"a": same(channels, (1, 3)), "b": same(channels, (3, 1))})


def module_a(pool: int) -> Concat:
    """Figure 5: two 3x3 for a 5x5 (and one 5x5 left); the pool is projected to so many channels."""
    return Concat(
        {
            "branch1x1": conv(64, 1),
            "branch5x5": branch(conv(48, 1), same(64, 5)),
            "branch3x3dbl": branch(conv(64, 1), same(96, 3), same(96, 3)),
            "branch_pool": pool_branch(pool),
        }
    )


def reduction_a() -> Concat:
    """Figure 10: the map halved, pool and convolutions side by side."""
    return Concat(
        {
            "branch3x3": conv(384, 3, 2),
            "branch3x3dbl": branch(conv(64, 1), same(96, 3), conv(96, 3, 2)),
            "branch_pool": MaxPool(3, 2),
        }
    )


def module_b(c: int) -> Concat:
    """Figure 6: 7x7 as 1x7 and 7x1, `c` channels wide inside."""
    double = (conv(c, 1), same(c, (7, 1)), same(c, (1, 7)), same(c, (7, 1)), same(192, (1, 7)))
    return Concat(
        {
            "branch1x1": conv(192, 1),
            "branch7x7": branch(conv(c, 1), same(c, (1, 7)), same(192, (7, 1))),
            "branch7x7dbl": branch(*double),
            "branch_pool": pool_branch(192),
        }
    )


def reduction_b() -> Concat:
    """The second halving."""
    seven = (conv(192, 1), same(192, (1, 7)), same(192, (7, 1)), conv(192, 3, 2))
    return Concat(
        {
            "branch3x3": branch(conv(192, 1), conv(320, 3, 2)),
            "branch7x7x3": branch(*seven),
            "branch_pool": MaxPool(3, 2),
        }
    )


def module_c() -> Concat:
    """Figure 7: the coarsest maps, branches that split."""
    return Concat(
        {
            "branch1x1": conv(320, 1),
            "branch3x3": branch(conv(384, 1), split(384)),
            "branch3x3dbl": branch(conv(448, 1), same(384, 3), split(384)),
            "branch_pool": pool_branch(192),
        }
    )


def head(classes: int) -> Head:
    """Figure 8, on the last 17 x 17 module; its loss counts 0.4, as in TF-Slim."""
    body: dict[str, Word] = {
        "pool": AvgPool(5, 3),
        "conv0": conv(128, 1),
        "conv1": conv(768, 5),
        "avgpool": GlobalAvgPool(),
        "flatten": Flatten(),
        "fc": Linear(classes),
    }
    return Head("Mixed_6e", Chain(body), weight=0.4)


def inception_v3(classes: int) -> NetworkSpec:
    """Table 1 under the names of the published checkpoints."""
    body: dict[str, Word] = {
        "Conv2d_1a_3x3": conv(32, 3, 2),  # 32 x 149 x 149
        "Conv2d_2a_3x3": conv(32, 3),  # 32 x 147 x 147
        "Conv2d_2b_3x3": same(64, 3),  # 64 x 147 x 147
        "maxpool1": MaxPool(3, 2),  # 64 x 73 x 73
        "Conv2d_3b_1x1": conv(80, 1),  # 80 x 73 x 73
        "Conv2d_4a_3x3": conv(192, 3),  # 192 x 71 x 71
        "maxpool2": MaxPool(3, 2),  # 192 x 35 x 35
        "Mixed_5b": module_a(pool=32),  # 256 x 35 x 35
        "Mixed_5c": module_a(pool=64),  # 288 x 35 x 35
        "Mixed_5d": module_a(pool=64),  # 288 x 35 x 35
        "Mixed_6a": reduction_a(),  # 768 x 17 x 17
        "Mixed_6b": module_b(128),  # 768 x 17 x 17
        "Mixed_6c": module_b(160),  # 768 x 17 x 17
        "Mixed_6d": module_b(160),  # 768 x 17 x 17
        "Mixed_6e": module_b(192),  # 768 x 17 x 17
        "Mixed_7a": reduction_b(),  # 1280 x 8 x 8
        "Mixed_7b": module_c(),  # 2048 x 8 x 8
        "Mixed_7c": module_c(),  # 2048 x 8 x 8
        **classifier("fc", classes, dropout=0.5),
    }
    return NetworkSpec(
        name="inception_v3",
        origin="torchvision",
        input=(3, 299, 299),
        classes=classes,
        body=Chain(body),
        heads={"AuxLogits": head(classes)},
        classifier="fc",
        init=Init.FAN_IN,  # torchvision starts at a deviation of 0.1 instead, lower in the head
        label_smoothing=0.1,
    )


DIALECTS = {
    "inception_v3": Dialect(inception_v3, "torchvision", preprocess=TRANSFORMED),
    "inception_v3.input": Dialect(
        inception_v3, "torchvision", (transform_input,), preprocess=TORCHVISION
    ),
    # Its head is TF-Slim's, whose checkpoints fit it too.
    "inception_v3.keras": Dialect(
        inception_v3,
        "Keras",
        (
            every(BatchNorm, keep=0.99, scale=False),
            every(AvgPool, counts_border=False),
            drop("dropout"),
        ),
        init=Init.XAVIER,
    ),
    "inception_v3.paddle_vision": Dialect(
        inception_v3,
        "paddle.vision",
        (every(BatchNorm, eps=1e-5), *downscale("dropout", "dropout", 0.2)),
        heads=False,
        preprocess=TORCHVISION,
    ),
    # TensorFlow's network of 2015-12-05, whose features the Frechet inception distance compares.
    # Paper: 1000 classes, all pools of figure 7 averages; here: 1008, and the last one a max pool.
    "inception_v3.fid": Dialect(
        inception_v3,
        "pytorch-fid",
        (
            every(AvgPool, counts_border=False),
            put(r"Mixed_7c\.branch_pool\.pool", MaxPool(3, 1, 1)),
        ),
        classes=1008,
        heads=False,
        preprocess=FID,
    ),
}
