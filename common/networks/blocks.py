"""What the batch-normalised networks share: the unit they are counted in, and their endings."""

from common.spec import (
    BatchNorm,
    Chain,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Linear,
    Padding,
    ReLU,
    Size,
    Word,
    pair,
)

NORM = BatchNorm(1e-3)


def conv(
    channels: int, kernel: Size, stride: int = 1, padding: Padding = 0, norm: BatchNorm = NORM
) -> Chain:
    """A convolution without bias, batch norm, ReLU."""
    convolution = Conv(channels, kernel, stride, padding, bias=False)
    return Chain({"conv": convolution, "bn": norm, "relu": ReLU()})


def same(channels: int, kernel: Size, norm: BatchNorm = NORM) -> Chain:
    """The same with so much padding that the map keeps its size."""
    rows, columns = pair(kernel)
    return conv(channels, kernel, 1, (rows // 2, columns // 2), norm)


def classifier(name: str, classes: int, dropout: float = 0) -> dict[str, Word]:
    """The mean of each channel and one linear layer of that name; for 0 classes the means alone."""
    steps: dict[str, Word] = {"avgpool": GlobalAvgPool(), "flatten": Flatten()}
    if classes and dropout:
        steps["dropout"] = Dropout(dropout)
    return steps | ({name: Linear(classes)} if classes else {})
