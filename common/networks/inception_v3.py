"""Inception v3: C. Szegedy et al., Rethinking the Inception Architecture, 2015 (arXiv:1512.00567).

Factorised convolutions, modules that halve the height and width without a bottleneck, one head,
and label smoothing of 0.1. The numbers are those of the published code; the paper's table 1 omits
some of them.
"""

from common.networks.blocks import classifier, conv, same
from common.networks.overrides import (
    Variant,
    downscale_in_infer,
    every,
    remove,
    replace_at,
    transform_input,
)
from common.spec import (
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Flatten,
    GlobalAvgPool,
    Head,
    Init,
    Layer,
    Linear,
    MaxPool,
    NetworkSpec,
)
from common.spec.block import block
from common.spec.preprocess import FID, TORCHVISION, TRANSFORMED


def branch(*layers: Layer) -> Chain:
    """A branch whose layers are numbered from 1, as in the published code."""
    return Chain({str(number): layer for number, layer in enumerate(layers, 1)})


@block
def pool_branch(channels: int) -> Chain:
    """The pooling branch: an average that includes the padding, then a projection."""
    return Chain({"pool": AvgPool(3, 1, 1, counts_border=True), "proj": conv(channels, 1)})


@block
def split(channels: int) -> Concat:
    """Parallel 1x3 and 3x1 convolutions (figure 7)."""
    return Concat({"a": same(channels, (1, 3)), "b": same(channels, (3, 1))})


@block
def module_a(pool: int) -> Concat:
    """Figure 5: a 5x5, a 5x5 factorised into two 3x3, and a pool projected to `pool` channels."""
    return Concat(
        {
            "branch1x1": conv(64, 1),
            "branch5x5": branch(conv(48, 1), same(64, 5)),
            "branch3x3dbl": branch(conv(64, 1), same(96, 3), same(96, 3)),
            "branch_pool": pool_branch(pool),
        }
    )


@block
def reduction_a() -> Concat:
    """Figure 10: halves the height and width with a pool and convolutions in parallel."""
    return Concat(
        {
            "branch3x3": conv(384, 3, 2),
            "branch3x3dbl": branch(conv(64, 1), same(96, 3), conv(96, 3, 2)),
            "branch_pool": MaxPool(3, 2),
        }
    )


@block
def module_b(c: int) -> Concat:
    """Figure 6: 7x7 convolutions factorised into 1x7 and 7x1, with `c` channels inside."""
    double = (conv(c, 1), same(c, (7, 1)), same(c, (1, 7)), same(c, (7, 1)), same(192, (1, 7)))
    return Concat(
        {
            "branch1x1": conv(192, 1),
            "branch7x7": branch(conv(c, 1), same(c, (1, 7)), same(192, (7, 1))),
            "branch7x7dbl": branch(*double),
            "branch_pool": pool_branch(192),
        }
    )


@block
def reduction_b() -> Concat:
    """The second module that halves the height and width."""
    seven = (conv(192, 1), same(192, (1, 7)), same(192, (7, 1)), conv(192, 3, 2))
    return Concat(
        {
            "branch3x3": branch(conv(192, 1), conv(320, 3, 2)),
            "branch7x7x3": branch(*seven),
            "branch_pool": MaxPool(3, 2),
        }
    )


@block
def module_c() -> Concat:
    """Figure 7: the module on the smallest feature maps, two of whose branches split."""
    return Concat(
        {
            "branch1x1": conv(320, 1),
            "branch3x3": branch(conv(384, 1), split(384)),
            "branch3x3dbl": branch(conv(448, 1), same(384, 3), split(384)),
            "branch_pool": pool_branch(192),
        }
    )


@block
def head(classes: int) -> Head:
    """Figure 8, after the last 17 x 17 module; its loss weight is 0.4, as in TF-Slim."""
    body: dict[str, Layer] = {
        "pool": AvgPool(5, 3),
        "conv0": conv(128, 1),
        "conv1": conv(768, 5),
        "avgpool": GlobalAvgPool(),
        "flatten": Flatten(),
        "fc": Linear(classes),
    }
    return Head("Mixed_6e", Chain(body), weight=0.4)


def inception_v3(classes: int) -> NetworkSpec:
    """The network of table 1, with the layer names of the published checkpoints."""
    body: dict[str, Layer] = {
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
        init=Init.FAN_IN,  # torchvision: truncated normal, deviation 0.1, smaller in the head
        label_smoothing=0.1,
    )


VARIANTS = {
    "inception_v3": Variant(inception_v3, "torchvision", preprocess=TRANSFORMED),
    # With the layer that torchvision has if its pretrained weights are loaded.
    "inception_v3.input": Variant(
        inception_v3, "torchvision", (transform_input,), preprocess=TORCHVISION
    ),
    # Keras has no head; the one here is TF-Slim's, so that TF-Slim's checkpoints also fit.
    "inception_v3.keras": Variant(
        inception_v3,
        "Keras",
        (
            every(BatchNorm, keep=0.99, scale=False),
            every(AvgPool, counts_border=False),
            remove("dropout"),
        ),
        init=Init.XAVIER,
    ),
    # No heads, and Paddle's kind of dropout.
    "inception_v3.paddle_vision": Variant(
        inception_v3,
        "paddle.vision",
        (every(BatchNorm, eps=1e-5), *downscale_in_infer("dropout", "dropout", 0.2)),
        heads=False,
        preprocess=TORCHVISION,
    ),
    # TensorFlow's network of 2015-12-05, whose features the Frechet inception distance compares.
    # Paper: 1000 classes, and average pools in both modules of figure 7; here: 1008 classes, and a
    # max pool in the last module.
    "inception_v3.fid": Variant(
        inception_v3,
        "pytorch-fid",
        (
            every(AvgPool, counts_border=False),
            replace_at(r"Mixed_7c\.branch_pool\.pool", MaxPool(3, 1, 1)),
        ),
        classes=1008,
        heads=False,
        preprocess=FID,
    ),
}
