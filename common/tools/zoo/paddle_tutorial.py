"""Reads the Paddle tutorial's GoogLeNet by structure, since copies name their chains differently.

All copies have `p1` to `p4` inside each inception block, blocks in the order 3a to 5b, and heads
that are chains. The resulting names are those of the format `paddle_tutorial`.
"""

import re
from collections.abc import Mapping

from numpy.typing import NDArray

BLOCKS = (
    "inception_block3.0",
    "inception_block3.1",
    "inception4a",
    "inception4b",
    "inception4c",
    "inception4d",
    "inception4e",
    "inception_block5.0",
    "inception_block5.1",
)
# The heads by the input channels of their convolution; the classifier has no convolution.
HEADS = {512: "out1", 528: "out2"}


def tidied(arrays: Mapping[str, NDArray]) -> dict[str, str]:
    """The format's name for each array, blocks in the file's order; {} for any other network."""
    inside = {key: re.fullmatch(r"(.+)\.(p[1-4]\..+)", key) for key in arrays}
    blocks = list(dict.fromkeys(match[1] for match in inside.values() if match))
    if len(blocks) != len(BLOCKS):
        return {}
    names = dict(zip(blocks, BLOCKS, strict=True))
    chains: dict[str, list[str]] = {}
    for key in arrays:
        if not inside[key]:
            chains.setdefault(key.split(".")[0], []).append(key)
    tidy = {key: f"{names[match[1]]}.{match[2]}" for key, match in inside.items() if match}
    for chain, keys in chains.items():
        tidy |= {key: key for key in keys} if "conv" in chain else head_names(arrays, keys)
    return tidy


def head_names(arrays: Mapping[str, NDArray], keys: list[str]) -> dict[str, str]:
    """The format's names for the arrays of one chain: an auxiliary head or the classifier."""
    first = arrays[keys[0]]
    head = HEADS.get(first.shape[1]) if first.ndim == 4 else None
    indices = ("1", "3", "6") if head else ("3",)
    layers = dict.fromkeys(key.rpartition(".")[0] for key in keys)
    if len(layers) != len(indices):
        return {key: key for key in keys}
    placed = dict(zip(layers, indices, strict=True))
    return {
        key: f"{head or 'out'}.{placed[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}"
        for key in keys
    }
