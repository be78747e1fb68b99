"""Blocks shared by the networks with batch norm: convolutions, the classifier and a head."""

from common.spec import (
    AvgPool,
    BatchNorm,
    Chain,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Head,
    Layer,
    Linear,
    Padding,
    ReLU,
    Size,
    pair,
)
from common.spec.block import block

NORM = BatchNorm(1e-3)


def conv(channels: int, kernel: Size, stride: int = 1, padding: Padding = 0) -> Chain:
    """A convolution without bias, followed by batch norm and ReLU."""
    convolution = Conv(channels, kernel, stride, padding, bias=False)
    return Chain({"conv": convolution, "bn": NORM, "relu": ReLU()})


def same(channels: int, kernel: Size) -> Chain:
    """`conv` with stride 1 and the padding that keeps the height and width; for odd kernels."""
    rows, columns = pair(kernel)
    return conv(channels, kernel, 1, (rows // 2, columns // 2))


def classifier(name: str, classes: int, dropout: float = 0) -> dict[str, Layer]:
    """Global average pooling and a linear layer `name`; with 0 classes, only the pooling."""
    means: dict[str, Layer] = {"avgpool": GlobalAvgPool(), "flatten": Flatten()}
    if not classes:
        return means
    drop: dict[str, Layer] = {"dropout": Dropout(dropout)} if dropout else {}
    return means | drop | {name: Linear(classes)}


@block
def head(after: str, classes: int) -> Head:
    """TF-Slim's head for v4 and Inception-ResNet v2, on 17 x 17 feature maps; loss weight 0.4."""
    body: dict[str, Layer] = {
        "pool": AvgPool(5, 3),
        "conv0": conv(128, 1),
        "conv1": conv(768, 5),
        "flatten": Flatten(),
        "fc": Linear(classes),
    }
    return Head(after, Chain(body), weight=0.4)
