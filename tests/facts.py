"""What is known of each network from outside this code: one row a network, with its source."""

from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Facts:
    """Published parameter counts, and endpoint shapes (C x H x W) by input size."""

    trunk: int
    parameters: int
    with_heads: int
    blocks: dict[str, int]
    endpoints: dict[int, dict[str, Shape]]


# Szegedy et al. 2014, table 1 (5x5 kernels, with biases); shapes as in TF-Slim's own tests for
# inception_v1 at 224, where ceil and SAME agree; the pools at other sizes by PyTorch's ceil rule.
GOOGLENET = Facts(
    trunk=5_973_552,
    parameters=6_998_552,
    with_heads=13_378_280,
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
    endpoints={
        224: {
            "conv1": (64, 112, 112),
            "maxpool1": (64, 56, 56),
            "conv2": (64, 56, 56),
            "conv3": (192, 56, 56),
            "maxpool2": (192, 28, 28),
            "inception3a": (256, 28, 28),
            "inception3b": (480, 28, 28),
            "maxpool3": (480, 14, 14),
            "inception4a": (512, 14, 14),
            "inception4b": (512, 14, 14),
            "inception4c": (512, 14, 14),
            "inception4d": (528, 14, 14),
            "inception4e": (832, 14, 14),
            "maxpool4": (832, 7, 7),
            "inception5a": (832, 7, 7),
            "inception5b": (1024, 7, 7),
            "avgpool": (1024, 1, 1),
        },
        112: {
            "maxpool1": (64, 28, 28),
            "maxpool2": (192, 14, 14),
            "maxpool3": (480, 7, 7),
            "maxpool4": (832, 3, 3),
        },
        150: {
            "maxpool1": (64, 37, 37),
            "maxpool2": (192, 18, 18),
            "maxpool3": (480, 9, 9),
            "maxpool4": (832, 4, 4),
        },
    },
)

FACTS = {"googlenet": GOOGLENET}
