"""What is known of each network from outside this code: one row a network, with its source."""

from dataclasses import dataclass, field, replace

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Facts:
    """Published parameter counts, and maps (C x H x W) by input size.

    Counts are of learned parameters: without classifier, with it, with the heads too (None where
    there are none). `published` is the number its authors state, by their own way of counting.
    """

    trunk: int
    parameters: int
    with_heads: int | None
    published: int
    blocks: dict[str, int] = field(default_factory=dict)
    endpoints: dict[int, dict[str, Shape]] = field(default_factory=dict)


def pools(*sizes: int) -> dict[str, Shape]:
    """The maps after GoogLeNet's four pools."""
    names = {"maxpool1": 64, "maxpool2": 192, "maxpool3": 480, "maxpool4": 832}
    return {
        name: (channels, size, size)
        for (name, channels), size in zip(names.items(), sizes, strict=True)
    }


# TF-Slim's own tests for inception_v1 at 224, where ceil, padding 1 and SAME agree.
AT_224 = {
    "conv1": (64, 112, 112),
    "conv2": (64, 56, 56),
    "conv3": (192, 56, 56),
    "inception3a": (256, 28, 28),
    "inception3b": (480, 28, 28),
    "inception4a": (512, 14, 14),
    "inception4b": (512, 14, 14),
    "inception4c": (512, 14, 14),
    "inception4d": (528, 14, 14),
    "inception4e": (832, 14, 14),
    "inception5a": (832, 7, 7),
    "inception5b": (1024, 7, 7),
    "avgpool": (1024, 1, 1),
} | pools(56, 28, 14, 7)

CEIL = {224: AT_224, 112: pools(28, 14, 7, 3), 150: pools(37, 18, 9, 4)}
CEIL_2X2 = {224: AT_224, 112: pools(28, 14, 7, 4), 150: pools(37, 18, 9, 5)}
PADDED = {224: AT_224, 112: pools(28, 14, 7, 4), 150: pools(38, 19, 10, 5)}
SAME = PADDED
FLOOR = {224: pools(55, 27, 13, 6), 112: pools(27, 13, 6, 2), 150: pools(37, 18, 8, 3)}

# Szegedy et al. 2014, table 1, with 5x5 kernels and biases.
GOOGLENET = Facts(
    trunk=5_973_552,
    parameters=6_998_552,
    with_heads=13_378_280,
    published=13_378_280,
    blocks={
        "inception3a": 163_696,
        "inception3b": 388_736,
        "inception4a": 376_176,
        "inception4b": 449_160,
        "inception4c": 510_104,
        "inception4d": 605_376,
        "inception4e": 868_352,
        "inception5a": 1_043_456,
        "inception5b": 1_444_080,
    },
    endpoints=CEIL,
)
# torchvision's documentation: 6,624,904 without heads.
TORCHVISION = Facts(5_599_904, 6_624_904, 13_004_888, 6_624_904, endpoints=CEIL_2X2)

FACTS = {
    "googlenet": GOOGLENET,
    "googlenet.paper": GOOGLENET,
    "googlenet.d2l": Facts(5_967_280, 5_977_530, None, 5_977_530, endpoints=PADDED),
    # TF-Slim's own tests: 5,607,184 without logits, counting beta, moving mean and variance.
    "googlenet.slim": Facts(5_592_624, 6_617_624, None, 5_607_184, endpoints=SAME),
    "googlenet.paddle": replace(GOOGLENET, endpoints=PADDED),
    "googlenet.torchvision": TORCHVISION,
    "googlenet.torchvision.input": TORCHVISION,
    # paddle.vision.models.googlenet, which has heads always, and no biases.
    "googlenet.paddle_vision": Facts(5_966_272, 6_991_272, 11_535_736, 11_535_736, endpoints=FLOOR),
}
