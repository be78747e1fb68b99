"""Images for the page: photographs, and each step's strongest channels in each framework."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.data.images import open_image
from common.tools.analysis.compare import Comparison

LARGEST = 56  # rows of a drawn map, at most
PHOTOGRAPH = 320


@dataclass(frozen=True)
class Drawn:
    """One framework's feature map and its difference from the reference, as images in data URIs.

    `largest` is the largest difference, relative to the largest value of the reference's map.
    """

    map: str
    difference: str
    largest: float


@dataclass(frozen=True)
class Channel:
    """One channel of a step: the reference's feature map and every framework's."""

    number: int
    reference: str
    results: dict[str, Drawn]


def drawn_maps(comparison: Comparison) -> dict[str, list[Channel]]:
    """The drawn feature maps of each step's strongest channels, by the step's path."""
    return {
        path: [draw_channel(comparison, path, place) for place in range(len(channels))]
        for path, channels in comparison.channels.items()
    }


def draw_channel(comparison: Comparison, path: str, place: int) -> Channel:
    """One channel of a step.

    The differences of a map are drawn relative to the largest of them.
    """
    expected = comparison.maps[path][place]
    most = float(np.abs(expected).max()) or 1.0
    results = {}
    for name, result in comparison.results.items():
        if path in result.maps:
            apart = np.abs(result.maps[path][place] - expected)
            largest = float(apart.max())
            drawing = grey(apart / (largest or 1.0))
            results[name] = Drawn(grey(result.maps[path][place] / most), drawing, largest / most)
    number = int(comparison.channels[path][place])
    return Channel(number, grey(expected / most), results)


def grey(values: NDArray) -> str:
    """Values from 0 to 1 as a grey image in a data URI; values outside are clipped."""
    levels = (np.nan_to_num(values).clip(0, 1) * 255).astype(np.uint8)
    image = Image.fromarray(levels)
    image.thumbnail((LARGEST, LARGEST))
    return as_text(image, "PNG")


def photograph(path: Path) -> str:
    """A user's image, scaled down, as a data URI."""
    image = open_image(path).convert("RGB")
    image.thumbnail((PHOTOGRAPH, PHOTOGRAPH))
    return as_text(image, "JPEG")


def as_text(image: Image.Image, kind: str) -> str:
    """An image as a data URI."""
    with io.BytesIO() as held:
        image.save(held, kind)
        return f"data:image/{kind.lower()};base64,{base64.b64encode(held.getvalue()).decode()}"
