"""Augmentation: images changed at random, by the seed, the epoch and the image alone."""

from math import sqrt
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

TRIES = 10


@dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class Augment:
    """What may happen to an image in training; as it stands here, nothing.

    It is moved by up to `shift` of its sides, with black behind; a part of at least `area` of it is
    cut out, of a width between 3/4 and 4/3 of its height (section 6 of the GoogLeNet paper, where
    the area is 8 %); with `flip` it is mirrored half of the time.
    """

    shift: Annotated[float, Field(ge=0, lt=1)] = 0.0
    area: Annotated[float, Field(gt=0, le=1)] = 1.0
    flip: bool = False


def augmented(image: Image.Image, augment: Augment, draw: np.random.Generator) -> Image.Image:
    """The image with what the generator draws done to it."""
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
    """A part of the image, of a drawn area and shape; all of it, if none of ten drawn fits."""
    for _ in range(TRIES):
        area = draw.uniform(least, 1) * image.width * image.height
        ratio = draw.uniform(3 / 4, 4 / 3)
        width, height = max(1, round(sqrt(area * ratio))), max(1, round(sqrt(area / ratio)))
        if width <= image.width and height <= image.height:
            left = int(draw.integers(0, image.width - width + 1))
            top = int(draw.integers(0, image.height - height + 1))
            return image.crop((left, top, left + width, top + height))
    return image
