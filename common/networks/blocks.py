"""What the batch-normalised networks share: the unit they are counted in, and their endings."""

from common.spec import (
    AvgPool,
    BatchNorm,
    Chain,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Head,
    Linear,
    Padding,
    ReLU,
    Size,
    Word,
    pair,
)

NORM = BatchNorm(1e-3)


def conv(channels: int, kernel: Size, stride: int = 1, padding: Padding = 0) -> Chain:
    """A convolution without bias, batch norm, ReLU."""
    convolution = Conv(channels, kernel, stride, padding, bias=False)
    return Chain({"conv": convolution, "bn": NORM, "relu": ReLU()})


def same(channels: int, kernel: Size) -> Chain:
    """`conv` with the padding that keeps the map's size."""
    rows, columns = pair(kernel)
    return conv(channels, kernel, 1, (rows // 2, columns // 2))


def classifier(name: str, classes: int, dropout: float = 0) -> dict[str, Word]:
    """The mean of each channel and one linear layer of that name; for 0 classes the means alone."""
    means: dict[str, Word] = {"avgpool": GlobalAvgPool(), "flatten": Flatten()}
    if not classes:
        return means
    drop: dict[str, Word] = {"dropout": Dropout(dropout)} if dropout else {}
    return means | drop | {name: Linear(classes)}


def head(after: str, classes: int) -> Head:
    """TF-Slim's head of v4 and Inception-ResNet, on 17 x 17 maps; its loss counts 0.4."""
    body: dict[str, Word] = {
        "pool": AvgPool(5, 3),
        "conv0": conv(128, 1),
        "conv1": conv(768, 5),
        "flatten": Flatten(),
        "fc": Linear(classes),
    }
    return Head(after, Chain(body), weight=0.4)
