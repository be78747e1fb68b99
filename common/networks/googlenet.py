"""GoogLeNet: C. Szegedy et al., Going Deeper with Convolutions, 2014 (arXiv:1409.4842).

The network as in a PyTorch tutorial (github.com/WZMIAOMIAO/deep-learning-for-image-processing,
Test4_googlenet), then other published variants. All have the channels of table 1; they differ in
padding, normalisation, dropout, heads, initialisation and preprocessing, some in a kernel size.

`@block` records which function built a block, so that `googlenet source` can print it.
"""

from dataclasses import replace

from common.networks.overrides import (
    Variant,
    conv_classifier,
    downscale_in_infer,
    every,
    insert,
    pad_strided,
    remove,
    replace_at,
    scale_by_keep_rate,
    transform_input,
)
from common.spec import (
    LRN,
    AdaptiveAvgPool,
    AvgPool,
    BatchNorm,
    Chain,
    Concat,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Head,
    Init,
    Layer,
    Linear,
    MaxPool,
    NetworkSpec,
    PaddingRule,
    ReLU,
    preprocess,
    sequence,
)
from common.spec.block import block
from common.spec.rewrite import Override

# Table 1, the inception modules.
#         1x1  3x3r  3x3  5x5r  5x5  pool proj
INCEPTION = {
    "3a": (64,  96,  128,  16,  32,  32),
    "3b": (128, 128, 192,  32,  96,  64),
    "4a": (192, 96,  208,  16,  48,  64),
    "4b": (160, 112, 224,  24,  64,  64),
    "4c": (128, 128, 256,  24,  64,  64),
    "4d": (112, 144, 288,  32,  64,  64),
    "4e": (256, 160, 320,  32,  128, 128),
    "5a": (256, 160, 320,  32,  128, 128),
    "5b": (384, 192, 384,  48,  128, 128),
}  # fmt: skip


@block
def conv(channels: int, kernel: int, stride: int = 1, padding: int = 0) -> Chain:
    """A convolution and its ReLU, the basic unit of table 1."""
    return Chain({"conv": Conv(channels, kernel, stride, padding), "relu": ReLU()})


@block
def inception(name: str) -> Concat:
    """Figure 2b: four branches, with 1x1 reductions before the large kernels."""
    ch1x1, ch3x3_reduce, ch3x3, ch5x5_reduce, ch5x5, pool_proj = INCEPTION[name]
    return Concat(
        {
            "branch1": conv(ch1x1, 1),
            "branch2": sequence(conv(ch3x3_reduce, 1), conv(ch3x3, 3, padding=1)),
            "branch3": sequence(conv(ch5x5_reduce, 1), conv(ch5x5, 5, padding=2)),
            "branch4": sequence(MaxPool(3, 1, padding=1), conv(pool_proj, 1)),
        }
    )


def body(classes: int) -> Chain:
    """Table 1 from top to bottom; with 0 classes, without the classifier."""
    # Paper: local response normalisation after maxpool1 and conv3; here: none, as in the tutorial.
    # Paper: a 7x7 average; here: global average pooling, which is the same for an input of 224.
    dropout, linear = Dropout(0.4), Linear(classes)
    return Chain(
        {
            "conv1": conv(64, 7, stride=2, padding=3),  # 64 x 112 x 112
            "maxpool1": MaxPool(3, 2, PaddingRule.CEIL),  # 64 x 56 x 56
            "conv2": conv(64, 1),  # 64 x 56 x 56
            "conv3": conv(192, 3, padding=1),  # 192 x 56 x 56
            "maxpool2": MaxPool(3, 2, PaddingRule.CEIL),  # 192 x 28 x 28
            "inception3a": inception("3a"),  # 256 x 28 x 28
            "inception3b": inception("3b"),  # 480 x 28 x 28
            "maxpool3": MaxPool(3, 2, PaddingRule.CEIL),  # 480 x 14 x 14
            "inception4a": inception("4a"),  # 512 x 14 x 14
            "inception4b": inception("4b"),  # 512 x 14 x 14
            "inception4c": inception("4c"),  # 512 x 14 x 14
            "inception4d": inception("4d"),  # 528 x 14 x 14
            "inception4e": inception("4e"),  # 832 x 14 x 14
            "maxpool4": MaxPool(3, 2, PaddingRule.CEIL),  # 832 x 7 x 7
            "inception5a": inception("5a"),  # 832 x 7 x 7
            "inception5b": inception("5b"),  # 1024 x 7 x 7
            "avgpool": GlobalAvgPool(),  # 1024 x 1 x 1
            "flatten": Flatten(),
            **({"dropout": dropout, "fc": linear} if classes else {}),
        }
    )


@block
def head(after: str, classes: int) -> Head:
    """Section 5: an auxiliary classifier, whose loss is weighted by 0.3."""
    # Paper: dropout 0.7 only before fc2; here: 0.5 before both, as in the tutorial.
    layers: dict[str, Layer] = {
        "averagePool": AvgPool(5, 3),
        "conv": conv(128, 1),
        "flatten": Flatten(),
        "dropout1": Dropout(0.5),
        "fc1": Linear(1024),
        "relu": ReLU(),
        "dropout2": Dropout(0.5),
        "fc2": Linear(classes),
    }
    return Head(after, Chain(layers), weight=0.3)


def googlenet(classes: int) -> NetworkSpec:
    """The network of table 1, with the layer names of the PyTorch tutorial."""
    return NetworkSpec(
        name="googlenet",
        origin="PyTorch tutorial",
        input=(3, 224, 224),
        classes=classes,
        body=body(classes),
        heads={"aux1": head("inception4a", classes), "aux2": head("inception4d", classes)},
        classifier="fc",
        init=Init.FAN_OUT,
    )


def batch_norm(norm: BatchNorm) -> Override:
    """Returns an override that adds batch norm after every convolution and removes its bias."""

    def change(_: str, layer: Layer) -> Layer:
        match layer:
            case Chain({"conv": Conv() as convolution, **others}):
                return Chain({"conv": replace(convolution, bias=False), "bn": norm, **others})
        return layer

    return change


def kernel_3_for_5(_: str, layer: Layer) -> Layer:
    """Uses a 3x3 kernel where the paper has 5x5."""
    match layer:
        case Conv(kernel=5):
            return replace(layer, kernel=3, padding=1)
    return layer


# The dropout of the heads as in the paper: 0.7, only before fc2.
PAPER_DROPOUT = (remove(r"aux.\.dropout1"), replace_at(r"aux.\.dropout2", Dropout(0.7)))
# torchvision's weights were ported from TF-Slim, so its layers resemble `SLIM`: batch norm instead
# of biases, and 3x3 kernels for 5x5. It also has heads, with adaptive pooling.
TORCHVISION = (
    batch_norm(BatchNorm(1e-3)),
    kernel_3_for_5,
    replace_at("maxpool4", MaxPool(2, 2, PaddingRule.CEIL)),
    replace_at("dropout", Dropout(0.2)),
    replace_at(r"aux.\.averagePool", AdaptiveAvgPool(4)),
    *PAPER_DROPOUT,
)
# Local response normalisation, whose constants the paper does not give: these are Caffe's.
PAPER = (
    insert("maxpool1", "lrn1", LRN(5, 1e-4, 0.75)),
    insert("conv3", "lrn2", LRN(5, 1e-4, 0.75)),
    *PAPER_DROPOUT,
)
# TensorFlow's padding, batch norm without a scale, 3x3 kernels for 5x5 as in TF-Slim's weights, and
# a 1x1 convolution as the classifier.
SLIM = (
    batch_norm(BatchNorm(1e-3, keep=0.9997, scale=False)),
    kernel_3_for_5,
    replace_at(r"conv1\.conv", Conv(64, 7, 2, PaddingRule.SAME, bias=False)),
    replace_at("maxpool4", MaxPool(2, 2)),
    pad_strided(PaddingRule.SAME, MaxPool),
    conv_classifier,
)
# No biases, fewer ReLUs, pools that round down, and dropout as in `downscale_in_infer`.
PADDLE_VISION = (
    every(Conv, bias=False),
    # A ReLU after each concatenation is the same as one at the end of each branch, as here.
    remove(r"conv.\.relu|inception.*\.branch[23]\.0\.relu|aux.\.conv\.relu|aux2\.relu"),
    pad_strided(0, MaxPool),
    insert("dropout", "dropout_scale", scale_by_keep_rate(0.4)),
    remove(r"aux.\.dropout1"),
    *downscale_in_infer(r"aux.\.dropout2", "dropout2", 0.7),
)

VARIANTS = {
    "googlenet": Variant(googlenet, "PyTorch tutorial"),
    # Paper: subtracts a mean from images, but does not give its values; here: Caffe's mean.
    "googlenet.paper": Variant(googlenet, "arXiv:1409.4842", PAPER, preprocess=preprocess.CAFFE),
    # Caffe: "xavier" with variance 1 / in, and biases of 0.2; here: XAVIER, and biases of 0.
    "googlenet.caffe": Variant(
        googlenet, "Caffe", PAPER, init=Init.XAVIER, preprocess=preprocess.CAFFE
    ),
    "googlenet.d2l": Variant(
        googlenet,
        "d2l.ai",
        (pad_strided(1, MaxPool), remove("dropout")),
        input=(1, 96, 96),
        classes=10,
        heads=False,
        init=Init.XAVIER,
        preprocess=preprocess.UNIT,
    ),
    "googlenet.slim": Variant(
        googlenet, "TF-Slim", SLIM, heads=False, init=Init.TRUNCATED, preprocess=preprocess.SLIM
    ),
    "googlenet.paddle": Variant(
        googlenet,
        "Paddle tutorial",
        (pad_strided(1, MaxPool), remove(r"aux.\.conv\.relu"), *PAPER_DROPOUT),
        init=Init.FAN_IN,
    ),
    # torchvision truncates the distribution at 200 standard deviations, which has no effect.
    "googlenet.torchvision": Variant(
        googlenet, "torchvision", TORCHVISION, init=Init.NORMAL, preprocess=preprocess.TRANSFORMED
    ),
    # With torchvision's `transform_input=True`, its default for pretrained weights.
    "googlenet.torchvision.input": Variant(
        googlenet,
        "torchvision",
        (*TORCHVISION, transform_input),
        init=Init.NORMAL,
        preprocess=preprocess.TORCHVISION,
    ),
    "googlenet.paddle_vision": Variant(
        googlenet,
        "paddle.vision",
        PADDLE_VISION,
        init=Init.PADDLE,
        preprocess=preprocess.TORCHVISION,
    ),
}
