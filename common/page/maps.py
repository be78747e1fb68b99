"""What the network sees: a photograph, and the strongest maps of a step in each framework."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.data.images import open_image
from common.jobs.compare import Comparison

LARGEST = 56  # rows of a map as drawn
PHOTOGRAPH = 320


@dataclass(frozen=True)
class Drawn:
    """One framework's map, and its difference from the judge's with the largest there is."""

    map: str
    difference: str
    largest: float


@dataclass(frozen=True)
class Channel:
    """One channel of a step: the judge's map, and every framework's."""

    number: int
    judge: str
    sides: dict[str, Drawn]


def drawn_maps(comparison: Comparison) -> dict[str, list[Channel]]:
    """The strongest channels of each step, drawn, by the step's path."""
    return {
        path: [draw_channel(comparison, path, place) for place in range(len(channels))]
        for path, channels in comparison.channels.items()
    }


def draw_channel(comparison: Comparison, path: str, place: int) -> Channel:
    """One of a step's channels; a difference is drawn relative to its own largest value, which is
    told relative to the largest of the judge's map."""
    expected = comparison.maps[path][place]
    most = float(np.abs(expected).max()) or 1.0
    sides = {}
    for name, side in comparison.sides.items():
        if path in side.maps:
            apart = np.abs(side.maps[path][place] - expected)
            largest = float(apart.max())
            drawing = grey(apart / (largest or 1.0))
            sides[name] = Drawn(grey(side.maps[path][place] / most), drawing, largest / most)
    number = int(comparison.channels[path][place])
    return Channel(number, grey(expected / most), sides)


def grey(values: NDArray) -> str:
    """Values from 0 to 1 as an image in a text; what is beyond is drawn as the nearest."""
    levels = (np.nan_to_num(values).clip(0, 1) * 255).astype(np.uint8)
    image = Image.fromarray(levels)
    image.thumbnail((LARGEST, LARGEST))
    return as_text(image, "PNG")


def photograph(path: Path) -> str:
    """An image of the user's, made small."""
    image = open_image(path).convert("RGB")
    image.thumbnail((PHOTOGRAPH, PHOTOGRAPH))
    return as_text(image, "JPEG")


def as_text(image: Image.Image, kind: str) -> str:
    """An image as a data URI."""
    with io.BytesIO() as held:
        image.save(held, kind)
        return f"data:image/{kind.lower()};base64,{base64.b64encode(held.getvalue()).decode()}"
