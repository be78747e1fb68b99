"""Inverts grey images whose background is not as dark or light as that of the training images."""

from dataclasses import replace

import numpy as np
from PIL import Image, ImageOps

from common.data.datasets import Split

EXAMINED = 200  # images of a data set
SHARE = 0.95  # of these, which have the same background
DARK, LIGHT = 64, 192  # the largest and the least grey value of a dark and a light background


def background_of(image: Image.Image) -> str:
    """Whether the corners of a grey image are "dark" or "light" on average; "" if neither."""
    values = np.asarray(image.convert("L"), np.float64)
    side = max(1, min(values.shape) // 16)
    ends = np.r_[:side, -side:0]
    corners = values[np.ix_(ends, ends)].mean()
    return "dark" if corners <= DARK else "light" if corners >= LIGHT else ""


def background(split: Split) -> str:
    """The background that nearly all images of a split have; "" if they differ."""
    count = min(EXAMINED, len(split))
    numbers = np.linspace(0, len(split) - 1, count).astype(int)
    backgrounds = [background_of(split.read(int(number))) for number in numbers]
    return next((b for b in ("dark", "light") if backgrounds.count(b) >= SHARE * count), "")


def on_background(split: Split, wanted: str) -> tuple[Split, list[str]]:
    """The split on this background: images on the opposite one are inverted.

    Returns also a list to which the name of every inverted image is added when it is read.
    """
    inverted: list[str] = []
    opposite = {"dark": "light", "light": "dark"}.get(wanted)

    def read(index: int) -> Image.Image:
        image = split.read(index)
        if background_of(image) != opposite:
            return image
        inverted.append(split.name(index))
        return ImageOps.invert(image.convert("L"))

    return (replace(split, read=read) if opposite else split), inverted
