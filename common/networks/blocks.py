"""What the batch-normalised networks share: the unit they are counted in, and their endings."""

from common.spec import (
    Affine,
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


def conv(
    channels: int, kernel: Size, stride: int = 1, padding: Padding = 0, norm: BatchNorm = NORM
) -> Chain:
    """A convolution without bias, batch norm, ReLU."""
    convolution = Conv(channels, kernel, stride, padding, bias=False)
    return Chain({"conv": convolution, "bn": norm, "relu": ReLU()})


def same(channels: int, kernel: Size, norm: BatchNorm = NORM) -> Chain:
    """`conv` with the padding that keeps the map's size."""
    rows, columns = pair(kernel)
    return conv(channels, kernel, 1, (rows // 2, columns // 2), norm)


def downscaled(rate: float) -> tuple[Word, ...]:
    """Paddle's `downscale_in_infer`: not scaled in training, times 1 - rate in evaluation."""
    return Dropout(rate), Affine((1 - rate,), (0.0,))


def named(name: str, words: tuple[Word, ...]) -> dict[str, Word]:
    """Steps for what stands in a place: nothing, or a dropout, or a dropout and its scale."""
    return dict(zip((name, f"{name}_scale"), words, strict=False))


def classifier(name: str, classes: int, dropout: tuple[Word, ...] = ()) -> dict[str, Word]:
    """The mean of each channel and one linear layer of that name; for 0 classes the means alone."""
    means: dict[str, Word] = {"avgpool": GlobalAvgPool(), "flatten": Flatten()}
    if not classes:
        return means
    return means | named("dropout", dropout) | {name: Linear(classes)}


def head(after: str, classes: int, norm: BatchNorm = NORM) -> Head:
    """TF-Slim's head of v4 and Inception-ResNet, on 17 x 17 maps; its loss counts 0.4."""
    body: dict[str, Word] = {
        "pool": AvgPool(5, 3),
        "conv0": conv(128, 1, norm=norm),
        "conv1": conv(768, 5, norm=norm),
        "flatten": Flatten(),
        "fc": Linear(classes),
    }
    return Head(after, Chain(body), weight=0.4)
