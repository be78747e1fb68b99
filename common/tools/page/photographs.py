"""Images for the page, as data URIs, and photographs as the network gets them."""

import base64
import io
from pathlib import Path

from PIL import Image

from common.data.images import fit_image, open_image
from common.spec import Shape
from common.spec.preprocess import Preprocess


def network_view(path: Path, input: Shape, how: Preprocess) -> str:
    """The part of an image that the network gets, in its size but before normalisation."""
    image = open_image(path).convert("L" if input[0] == 1 else "RGB")
    _, rows, columns = input
    if how.resample != "points":
        return as_uri(fit_image(image, rows, columns, how), "JPEG")
    return as_uri(image.resize((columns, rows), Image.Resampling.BILINEAR), "JPEG")


def as_uri(image: Image.Image, kind: str) -> str:
    """An image as a data URI."""
    with io.BytesIO() as held:
        image.save(held, kind, quality=85, optimize=True)
        return f"data:image/{kind.lower()};base64,{base64.b64encode(held.getvalue()).decode()}"
