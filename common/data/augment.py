"""Augmentation: random changes that depend only on the seed, the epoch and the image."""

from math import sqrt
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

TRIES = 10


@dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class Augment:
    """The random changes made to an image in training; none by default.

    In this order: a random crop of at least the fraction `area` of the image, with a width between
    3/4 and 4/3 of its height (section 6 of the GoogLeNet paper, where `area` is 0.08); a shift by
    up to the fraction `shift` of each side, with the border filled with black; and, with `flip`,
    a horizontal flip of every second image on average.
    """

    shift: Annotated[float, Field(ge=0, lt=1)] = 0.0
    area: Annotated[float, Field(gt=0, le=1)] = 1.0
    flip: bool = False


def augmented(image: Image.Image, augment: Augment, draw: np.random.Generator) -> Image.Image:
    """The image with random changes drawn from `draw`."""
    if augment.area < 1:
        image = cut_out(image, augment.area, draw)
    if augment.shift:
        right, down = draw.uniform(-augment.shift, augment.shift, 2) * image.size
        moved = (1, 0, -right, 0, 1, -down)
        bilinear = Image.Resampling.BILINEAR
        image = image.transform(image.size, Image.Transform.AFFINE, moved, bilinear)
    if augment.flip and draw.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return image


def cut_out(image: Image.Image, least: float, draw: np.random.Generator) -> Image.Image:
    """A crop of random area, at least `least`, and aspect ratio; the whole image if no try fits."""
    for _ in range(TRIES):
        area = draw.uniform(least, 1) * image.width * image.height
        ratio = draw.uniform(3 / 4, 4 / 3)
        width, height = max(1, round(sqrt(area * ratio))), max(1, round(sqrt(area / ratio)))
        if width <= image.width and height <= image.height:
            left = int(draw.integers(0, image.width - width + 1))
            top = int(draw.integers(0, image.height - height + 1))
            return image.crop((left, top, left + width, top + height))
    return image
