"""The Paddle tutorial's GoogLeNet by its structure, since its copies name their chains differently.

What all share: `p1` to `p4` inside each inception block, blocks whose names count 3a to 5b in
order, and heads that are chains. The names come out as in the layout `paddle_tutorial`.
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
# The heads by the input channels of their convolution, and the classifier, which has none.
HEADS = {512: "out1", 528: "out2"}


def tidied(arrays: Mapping[str, NDArray]) -> dict[str, str]:
    """The layout's name for each array of a copy, blocks in the file's order; {} if it is none."""
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
    """The layout's names for the arrays of one chain: an auxiliary head or the classifier."""
    first = arrays[keys[0]]
    head = HEADS.get(first.shape[1]) if first.ndim == 4 else None
    places = ("1", "3", "6") if head else ("3",)
    layers = dict.fromkeys(key.rpartition(".")[0] for key in keys)
    if len(layers) != len(places):
        return {key: key for key in keys}
    placed = dict(zip(layers, places, strict=True))
    return {
        key: f"{head or 'out'}.{placed[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}"
        for key in keys
    }
