"""Facts about each network's feature maps from outside this project, with their sources.

Published parameter counts are in `common/tools/analysis/parameter_ledger.py`.
"""

from dataclasses import dataclass, field, replace

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Facts:
    """Published feature maps (C x H x W) by input size, and the parameters of single blocks."""

    endpoints: dict[int, dict[str, Shape]]
    blocks: dict[str, int] = field(default_factory=dict)


def pools(*sizes: int) -> dict[str, Shape]:
    """The feature maps after GoogLeNet's four pools."""
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
    CEIL,
    {
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
)

# TF-Slim's own tests for inception_v2 at 224, under the paper's names.
V2 = {
    224: {
        "conv1": (64, 112, 112),
        "maxpool1": (64, 56, 56),
        "conv3": (192, 56, 56),
        "maxpool2": (192, 28, 28),
        "inception3a": (256, 28, 28),
        "inception3b": (320, 28, 28),
        "inception3c": (576, 14, 14),
        "inception4a": (576, 14, 14),
        "inception4d": (576, 14, 14),
        "inception4e": (1024, 7, 7),
        "inception5a": (1024, 7, 7),
        "inception5b": (1024, 7, 7),
    },
    # By arithmetic: every halving gives ceil(n / 2), for 112 and for an odd 75.
    112: {"inception3b": (320, 14, 14), "inception4d": (576, 7, 7), "inception5b": (1024, 4, 4)},
    75: {"inception3b": (320, 10, 10), "inception4d": (576, 5, 5), "inception5b": (1024, 3, 3)},
}

# pretrainedmodels' bninception: 4c and 4d have 608 channels, and so 4e 1056.
V2_CAFFE = {
    224: V2[224] | {
        "inception4b": (576, 14, 14),
        "inception4c": (608, 14, 14),
        "inception4d": (608, 14, 14),
        "inception4e": (1056, 7, 7),
    },
    96: {"inception3b": (320, 12, 12), "inception4d": (608, 6, 6), "inception5b": (1024, 3, 3)},
}  # fmt: skip

# TF-Slim's own tests for inception_v3 at 299; its test at 150, half of it, ends in 3 x 3 maps.
V3 = {
    299: {
        "Conv2d_1a_3x3": (32, 149, 149),
        "Conv2d_2a_3x3": (32, 147, 147),
        "Conv2d_2b_3x3": (64, 147, 147),
        "maxpool1": (64, 73, 73),
        "Conv2d_3b_1x1": (80, 73, 73),
        "Conv2d_4a_3x3": (192, 71, 71),
        "maxpool2": (192, 35, 35),
        "Mixed_5b": (256, 35, 35),
        "Mixed_5c": (288, 35, 35),
        "Mixed_5d": (288, 35, 35),
        "Mixed_6a": (768, 17, 17),
        "Mixed_6e": (768, 17, 17),
        "Mixed_7a": (1280, 8, 8),
        "Mixed_7b": (2048, 8, 8),
        "Mixed_7c": (2048, 8, 8),
    },
    150: {"Mixed_7c": (2048, 3, 3)},
    75: {"Mixed_5d": (288, 7, 7), "Mixed_6e": (768, 3, 3), "Mixed_7c": (2048, 1, 1)},
}

# TF-Slim's own tests for inception_v4 at 299 and at 150.
V4 = {
    299: {
        "Conv2d_1a_3x3": (32, 149, 149),
        "Conv2d_2b_3x3": (64, 147, 147),
        "Mixed_3a": (160, 73, 73),
        "Mixed_4a": (192, 71, 71),
        "Mixed_5a": (384, 35, 35),
        "Mixed_5e": (384, 35, 35),
        "Mixed_6a": (1024, 17, 17),
        "Mixed_6h": (1024, 17, 17),
        "Mixed_7a": (1536, 8, 8),
        "Mixed_7d": (1536, 8, 8),
    },
    150: {"Mixed_7d": (1536, 3, 3)},
    75: {"Mixed_5e": (384, 7, 7), "Mixed_7d": (1536, 1, 1)},
}

# The paper's figures 15 and 14 and those they refer to; TF-Slim's tests for v2 at 299 and 150.
RESNET_V1 = {
    299: {
        "conv2d_4b": (256, 35, 35),
        "block35": (256, 35, 35),
        "mixed_6a": (896, 17, 17),
        "block17": (896, 17, 17),
        "mixed_7a": (1792, 8, 8),
        "block8": (1792, 8, 8),
    },
    150: {"block8": (1792, 3, 3)},
    75: {"block8": (1792, 1, 1)},
}
# facenet-pytorch, computed from its strides and paddings.
FACENET = RESNET_V1 | {
    160: {
        "conv2d_4b": (256, 17, 17),
        "mixed_6a": (896, 8, 8),
        "block8": (1792, 3, 3),
        "last_bn": (512,),
    }
}
RESNET_V2 = {
    299: {
        "conv2d_1a": (32, 149, 149),
        "maxpool_5a": (192, 35, 35),
        "mixed_5b": (320, 35, 35),
        "block35": (320, 35, 35),
        "mixed_6a": (1088, 17, 17),
        "block17": (1088, 17, 17),
        "mixed_7a": (2080, 8, 8),
        "block8": (2080, 8, 8),
        "conv2d_7b": (1536, 8, 8),
    },
    150: {"conv2d_7b": (1536, 3, 3)},
    75: {"conv2d_7b": (1536, 1, 1)},
}

# Chollet 2016, figure 5: 19 x 19 x 728 and 10 x 10 x 1024 maps at 299.
XCEPTION = {
    299: {
        "conv2": (64, 147, 147),
        "block1": (128, 74, 74),
        "block2": (256, 37, 37),
        "block3": (728, 19, 19),
        "block11": (728, 19, 19),
        "block12": (1024, 10, 10),
        "conv4": (2048, 10, 10),
    },
    150: {"block3": (728, 9, 9), "conv4": (2048, 5, 5)},
    71: {"block3": (728, 5, 5), "conv4": (2048, 3, 3)},
}

FACTS = {
    "googlenet": GOOGLENET,
    "googlenet.paper": GOOGLENET,
    "googlenet.caffe": GOOGLENET,
    "googlenet.d2l": Facts(PADDED),
    "googlenet.slim": Facts(SAME),
    "googlenet.paddle": replace(GOOGLENET, endpoints=PADDED),
    "googlenet.torchvision": Facts(CEIL_2X2),
    "googlenet.torchvision.input": Facts(CEIL_2X2),
    "googlenet.paddle_vision": Facts(FLOOR),
    "inception_v2": Facts(V2),
    "inception_v2.slim": Facts(V2),
    "inception_v2.caffe": Facts(V2_CAFFE),
    "inception_v3": Facts(V3),
    "inception_v3.input": Facts(V3),
    "inception_v3.keras": Facts(V3),
    "inception_v3.paddle_vision": Facts(V3),
    "inception_v3.fid": Facts(V3),
    "inception_v4": Facts(V4),
    "inception_resnet_v1": Facts(RESNET_V1),
    "inception_resnet_v1.facenet": Facts(FACENET),
    "inception_resnet_v2": Facts(RESNET_V2),
    "inception_resnet_v2.keras": Facts(RESNET_V2),
    "xception": Facts(XCEPTION),
    "xception.timm": Facts(XCEPTION),
}

# Unpublished counts with the auxiliary head: TF-Slim's head has 1x1 to 128, 5x5 to 768, batch
# norm's two per channel, and the classes; for v4 131,072 + 256 + 2,457,600 + 1,536 + 769,000.
WITH_HEAD = {
    "inception_v4": 42_679_816 + 3_359_464,
    "inception_resnet_v2": 55_843_464 + 3_367_656,
}

# Published multiply-adds in units of 1e9: torchvision counts multiplications by weights, and
# timm counts two more operations for every output value of a batch norm.
TORCHVISION_GIGA = {"googlenet.torchvision": "1.498", "inception_v3": "5.713"}
TIMM_GIGA = {
    "inception_v3": "5.73",
    "inception_v4": "12.28",
    "inception_resnet_v2": "13.18",
    "xception.timm": "8.40",
}
