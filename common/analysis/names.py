"""What people call the words of the grammar."""

from common.spec import Word

NAMES = {
    "Conv": "convolution",
    "DepthwiseConv": "depthwise convolution",
    "BatchNorm": "batch norm",
    "Affine": "affine",
    "MaxPool": "max pool",
    "AvgPool": "average pool",
    "AdaptiveAvgPool": "adaptive average pool",
    "GlobalAvgPool": "global average pool",
    "Dropout": "dropout",
    "Flatten": "flatten",
    "Linear": "linear",
    "L2Norm": "L2 normalisation",
}


def word_name(word: Word) -> str:
    """The word's name in plain text: "max pool" for a MaxPool."""
    name = type(word).__name__
    return NAMES.get(name, name)
