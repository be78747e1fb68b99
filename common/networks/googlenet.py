"""GoogLeNet: C. Szegedy et al., Going Deeper with Convolutions, 2014 (arXiv:1409.4842).

One table, and the readings of it that people meet: they agree on the channels and differ in
everything else. A `Dialect` says how; its defaults are those of the common PyTorch tutorials.
"""

from dataclasses import dataclass, field, replace

from common.networks.blocks import downscaled, named
from common.spec import (
    LRN,
    AdaptiveAvgPool,
    Affine,
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
    Linear,
    MaxPool,
    Network,
    Padding,
    ReLU,
    Rule,
    Shape,
    Word,
    sequence,
)

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


@dataclass(frozen=True)
class HeadDialect:
    """How an auxiliary head reads section 5."""

    pool: AvgPool | AdaptiveAvgPool = field(default=AvgPool(5, 3))
    conv_relu: bool = True
    # Paper: dropout 0.7 before fc2 alone; here: 0.5 before both, as the tutorials have it.
    before_fc1: tuple[Word, ...] = (Dropout(0.5),)
    fc1_relu: tuple[bool, bool] = (True, True)  # in aux1, in aux2
    before_fc2: tuple[Word, ...] = (Dropout(0.5),)


@dataclass(frozen=True)
class Dialect:
    """How a GoogLeNet reads table 1."""

    origin: str
    input: Shape = (3, 224, 224)
    classes: int = 1000
    transform: Affine | None = None
    kernel_5x5: int = 5  # the kernel of what the paper calls 5x5
    bias: bool = True
    norm: BatchNorm | None = None
    # Paper: local response normalisation after maxpool1 and conv3; here: none, as the tutorials.
    lrn: LRN | None = None
    stem_relu: bool = True
    reduce_relu: bool = True
    stem_padding: Padding = 3
    pool_padding: Padding = Rule.CEIL
    maxpool4_kernel: int = 3
    dropout: tuple[Word, ...] = (Dropout(0.4),)
    conv_classifier: bool = False
    head: HeadDialect | None = HeadDialect()
    init: Init = Init.FAN_OUT


TORCHVISION = Dialect(
    "torchvision",
    kernel_5x5=3,
    bias=False,
    norm=BatchNorm(1e-3),
    maxpool4_kernel=2,
    dropout=(Dropout(0.2),),
    head=HeadDialect(AdaptiveAvgPool(4), before_fc1=(), before_fc2=(Dropout(0.7),)),
    init=Init.NORMAL,  # torchvision truncates at 2, which is 200 deviations
)

# From ImageNet's mean and deviation of each channel to 0.5 and 0.5.
IMAGENET = ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))
TRANSFORM_INPUT = Affine(
    tuple(deviation / 0.5 for _, deviation in IMAGENET),
    tuple((mean - 0.5) / 0.5 for mean, _ in IMAGENET),
)

DIALECTS = {
    "googlenet": Dialect("PyTorch tutorial"),
    "googlenet.paper": Dialect(
        "arXiv:1409.4842",
        lrn=LRN(5, 1e-4, 0.75),
        head=HeadDialect(before_fc1=(), before_fc2=(Dropout(0.7),)),
    ),
    "googlenet.d2l": Dialect(
        "d2l.ai",
        input=(1, 96, 96),
        classes=10,
        pool_padding=1,
        dropout=(),
        head=None,
        init=Init.XAVIER,
    ),
    "googlenet.slim": Dialect(
        "TF-Slim",
        kernel_5x5=3,
        bias=False,
        norm=BatchNorm(1e-3, keep=0.9997, scale=False),
        stem_padding=Rule.SAME,
        pool_padding=Rule.SAME,
        maxpool4_kernel=2,
        dropout=(Dropout(0.2),),
        conv_classifier=True,
        head=None,
        init=Init.TRUNCATED,
    ),
    "googlenet.paddle": Dialect(
        "Paddle tutorial",
        pool_padding=1,
        head=HeadDialect(conv_relu=False, before_fc1=(), before_fc2=(Dropout(0.7),)),
        init=Init.FAN_IN,
    ),
    "googlenet.torchvision": TORCHVISION,
    "googlenet.torchvision.input": replace(TORCHVISION, transform=TRANSFORM_INPUT),
    "googlenet.paddle_vision": Dialect(
        "paddle.vision",
        bias=False,
        # One ReLU after each concatenation is the same as one at the end of each branch.
        stem_relu=False,
        reduce_relu=False,
        pool_padding=0,
        dropout=downscaled(0.4),
        head=HeadDialect(
            conv_relu=False, before_fc1=(), fc1_relu=(True, False), before_fc2=downscaled(0.7)
        ),
        init=Init.PADDLE,
    ),
}


def conv(
    d: Dialect,
    channels: int,
    kernel: int,
    stride: int = 1,
    padding: Padding = 0,
    relu: bool = True,
) -> Chain:
    """A convolution with what follows it, the unit all of table 1 is counted in."""
    steps: dict[str, Word] = {"conv": Conv(channels, kernel, stride, padding, d.bias)}
    if d.norm:
        steps["bn"] = d.norm
    if relu:
        steps["relu"] = ReLU()
    return Chain(steps)


def inception(d: Dialect, name: str) -> Concat:
    """Figure 2b: four branches, the large kernels behind 1x1 reductions."""
    one, three_reduce, three, five_reduce, five, pool = INCEPTION[name]
    reduce_three = conv(d, three_reduce, 1, relu=d.reduce_relu)
    reduce_five = conv(d, five_reduce, 1, relu=d.reduce_relu)
    kernel = d.kernel_5x5
    return Concat(
        {
            "branch1": conv(d, one, 1),
            "branch2": sequence(reduce_three, conv(d, three, 3, padding=1)),
            "branch3": sequence(reduce_five, conv(d, five, kernel, padding=kernel // 2)),
            "branch4": sequence(MaxPool(3, 1, padding=1), conv(d, pool, 1)),
        }
    )


def stem(d: Dialect) -> dict[str, Word]:
    """Table 1 down to the second max pool."""
    steps: dict[str, Word] = {"transform": d.transform} if d.transform else {}
    steps["conv1"] = conv(d, 64, 7, stride=2, padding=d.stem_padding, relu=d.stem_relu)
    steps["maxpool1"] = MaxPool(3, 2, d.pool_padding)
    if d.lrn:
        steps["lrn1"] = d.lrn
    steps["conv2"] = conv(d, 64, 1, relu=d.stem_relu)
    steps["conv3"] = conv(d, 192, 3, padding=1, relu=d.stem_relu)
    if d.lrn:
        steps["lrn2"] = d.lrn
    steps["maxpool2"] = MaxPool(3, 2, d.pool_padding)
    return steps


def classifier(d: Dialect, classes: int) -> dict[str, Word]:
    """What follows the last inception module."""
    # Paper: a 7x7 window; here: the whole map, the same at 224.
    pool: dict[str, Word] = {"avgpool": GlobalAvgPool()}
    if not classes:
        return pool | {"flatten": Flatten()}
    dropout = named("dropout", d.dropout)
    if d.conv_classifier:
        return pool | dropout | {"fc": Conv(classes, 1), "flatten": Flatten()}
    return pool | {"flatten": Flatten()} | dropout | {"fc": Linear(classes)}


def body(d: Dialect, classes: int) -> Chain:
    """Table 1, top to bottom."""
    return Chain(
        {
            **stem(d),
            "inception3a": inception(d, "3a"),
            "inception3b": inception(d, "3b"),
            "maxpool3": MaxPool(3, 2, d.pool_padding),
            "inception4a": inception(d, "4a"),
            "inception4b": inception(d, "4b"),
            "inception4c": inception(d, "4c"),
            "inception4d": inception(d, "4d"),
            "inception4e": inception(d, "4e"),
            "maxpool4": MaxPool(d.maxpool4_kernel, 2, d.pool_padding),
            "inception5a": inception(d, "5a"),
            "inception5b": inception(d, "5b"),
            **classifier(d, classes),
        }
    )


def head(d: Dialect, h: HeadDialect, after: str, fc1_relu: bool, classes: int) -> Head:
    """Section 5: the auxiliary classifier, its loss weighted by 0.3."""
    steps: dict[str, Word] = {
        "averagePool": h.pool,
        "conv": conv(d, 128, 1, relu=h.conv_relu),
        "flatten": Flatten(),
        **named("dropout1", h.before_fc1),
        "fc1": Linear(1024),
        **({"relu": ReLU()} if fc1_relu else {}),
        **named("dropout2", h.before_fc2),
        "fc2": Linear(classes),
    }
    return Head(after, Chain(steps), weight=0.3)


def googlenet(dialect: str = "googlenet", classes: int | None = None) -> Network:
    """The network of table 1 in one of the `DIALECTS`, with the PyTorch tutorials' names."""
    d = DIALECTS[dialect]
    classes = d.classes if classes is None else classes
    heads = {}
    if d.head:
        one, two = d.head.fc1_relu
        heads = {
            "aux1": head(d, d.head, "inception4a", one, classes),
            "aux2": head(d, d.head, "inception4d", two, classes),
        }
    return Network(
        name=dialect,
        origin=d.origin,
        input=d.input,
        classes=classes,
        body=body(d, classes),
        heads=heads,
        classifier="fc",
        init=d.init,
    )
