"""GoogLeNet: C. Szegedy et al., Going Deeper with Convolutions, 2014 (arXiv:1409.4842)."""

from common.spec import (
    AvgPool,
    Chain,
    Concat,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Head,
    Linear,
    MaxPool,
    Network,
    ReLU,
    Rule,
    Word,
    sequence,
)

ORIGIN = "Szegedy et al. 2014, arXiv:1409.4842, table 1"

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


def conv(channels: int, kernel: int, stride: int = 1, padding: int = 0) -> Chain:
    """A convolution and its ReLU, the unit all of table 1 is counted in."""
    return Chain({"conv": Conv(channels, kernel, stride, padding), "relu": ReLU()})


def inception(name: str) -> Concat:
    """Figure 2b: four branches, the large kernels behind 1x1 reductions."""
    one, three_reduce, three, five_reduce, five, pool = INCEPTION[name]
    return Concat(
        {
            "branch1": conv(one, 1),
            "branch2": sequence(conv(three_reduce, 1), conv(three, 3, padding=1)),
            "branch3": sequence(conv(five_reduce, 1), conv(five, 5, padding=2)),
            "branch4": sequence(MaxPool(3, 1, padding=1), conv(pool, 1)),
        }
    )


def head(after: str, classes: int) -> Head:
    """Section 5: the auxiliary classifier, its loss weighted by 0.3."""
    # Paper: dropout 0.7 before fc2 alone; here: 0.5 before fc1 and fc2, as the tutorials have it.
    steps: dict[str, Word] = {
        "averagePool": AvgPool(5, 3),
        "conv": conv(128, 1),
        "flatten": Flatten(),
        "dropout1": Dropout(0.5),
        "fc1": Linear(1024),
        "relu": ReLU(),
        "dropout2": Dropout(0.5),
        "fc2": Linear(classes),
    }
    return Head(after, Chain(steps), weight=0.3)


def body(classes: int) -> Chain:
    """Table 1, top to bottom."""
    # Paper: local response normalisation after maxpool1 and conv3; here: none.
    steps: dict[str, Word] = {
        "conv1": conv(64, 7, stride=2, padding=3),
        "maxpool1": MaxPool(3, 2, Rule.CEIL),
        "conv2": conv(64, 1),
        "conv3": conv(192, 3, padding=1),
        "maxpool2": MaxPool(3, 2, Rule.CEIL),
        "inception3a": inception("3a"),
        "inception3b": inception("3b"),
        "maxpool3": MaxPool(3, 2, Rule.CEIL),
        "inception4a": inception("4a"),
        "inception4b": inception("4b"),
        "inception4c": inception("4c"),
        "inception4d": inception("4d"),
        "inception4e": inception("4e"),
        "maxpool4": MaxPool(3, 2, Rule.CEIL),
        "inception5a": inception("5a"),
        "inception5b": inception("5b"),
        "avgpool": GlobalAvgPool(),
        "flatten": Flatten(),
    }
    if classes:
        steps |= {"dropout": Dropout(0.4), "fc": Linear(classes)}
    return Chain(steps)


def googlenet(classes: int = 1000) -> Network:
    """The network of table 1 as the common PyTorch tutorials write it, with their names."""
    return Network(
        name="googlenet",
        origin=ORIGIN,
        input=(3, 224, 224),
        classes=classes,
        body=body(classes),
        heads={"aux1": head("inception4a", classes), "aux2": head("inception4d", classes)},
        classifier="fc",
    )
