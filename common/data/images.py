"""Images as batches: decoded, turned upright and resized once, the same for all frameworks."""

import importlib.util
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from common.errors import DataError, UsageError
from common.spec import Shape
from common.spec.preprocess import Preprocess

MAX_PIXELS = 100_000_000
MAX_LENGTH = 1_000_000  # of a side, in pixels
MAX_ENLARGED = 16_000_000  # pixels of a resized image before it is cropped
MODES = {1: "L", 3: "RGB"}
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")


def photographs() -> list[Path]:
    """The two photographs that scikit-learn ships, found without importing it."""
    spec = importlib.util.find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("scikit-learn and its photographs are not installed; give --image FILE")
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "images"
    return [folder / "china.jpg", folder / "flower.jpg"]


def batch(paths: Sequence[Path], input: Shape, how: Preprocess) -> NDArray[np.float32]:
    """Images as a batch N x C x H x W, for an input C x H x W of 1 or 3 channels.

    Raises DataError for a file that is not a usable image.
    """
    if input[0] not in MODES:
        raise UsageError(f"images have 1 or 3 channels, but the network expects {input[0]}")
    return np.stack([to_input(open_image(path), input, how) for path in paths])


def open_image(path: Path) -> Image.Image:
    """One image, turned upright, as 8-bit grey or RGB; raises DataError if it is not usable."""
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: not usable as an image: not a regular file")
    try:
        with no_warnings(), Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_LENGTH:
                raise DataError(
                    f"{path}: {image.width} x {image.height} pixels; make it smaller than "
                    f"{MAX_PIXELS // 1_000_000} million, and no side longer than a million"
                )
            upright = set_on_white(to_eight_bits(ImageOps.exif_transpose(image)))
            return upright.convert("L" if upright.mode in ("1", "L") else "RGB")
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: unsupported image format; use JPEG or PNG") from None
    except Image.DecompressionBombError as error:
        raise DataError(f"{path}: {error}") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path}: not usable as an image ({error})") from None


def to_input(image: Image.Image, input: Shape, how: Preprocess) -> NDArray[np.float32]:
    """An image preprocessed to C x H x W, with 1 or 3 channels."""
    channels, rows, columns = input
    image = image.convert(MODES[channels])
    if how.resample == "points":
        values = between_points(np.asarray(image), rows, columns)
    else:
        values = np.asarray(fit_image(image, rows, columns, how), np.float32)
    values = values.reshape(rows, columns, channels)
    if how.order == "BGR":
        values = values[..., ::-1]
    mean, deviation = (255 * np.array(three) for three in (how.mean, how.deviation))
    if channels == 1:
        mean, deviation = mean.mean(keepdims=True), deviation.mean(keepdims=True)
    scaled = (values - mean.astype(np.float32)) / deviation.astype(np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def fit_image(image: Image.Image, rows: int, columns: int, how: Preprocess) -> Image.Image:
    """The image, or the part of it that `how` selects, resized to rows x columns."""
    resample = Image.Resampling[how.resample.upper()]
    width, height = image.size
    match how.fit:
        case "crop":
            # The longer side is truncated to a whole number, as in torchvision.
            if width * rows < height * columns:
                size = round(columns / how.share), int(round(columns / how.share) * height / width)
            else:
                size = int(round(rows / how.share) * width / height), round(rows / how.share)
            box = middle(*size, columns, rows)
            if size[0] * size[1] > MAX_ENLARGED:  # a very long image: resize only the crop
                x = [min(end * width / size[0], width) for end in box[::2]]
                y = [min(end * height / size[1], height) for end in box[1::2]]
                return image.resize((columns, rows), resample, (x[0], y[0], x[1], y[1]))
            return image.resize(size, resample).crop(box)
        case "middle":
            kept = max(1, round(width * how.share)), max(1, round(height * how.share))
            image = image.crop(middle(width, height, *kept))
    return image.resize((columns, rows), resample)


def between_points(values: NDArray, rows: int, columns: int) -> NDArray[np.float32]:
    """A whole image resized to rows x columns, bilinear without antialiasing.

    Each value is interpolated between the four pixels around its point, and is not rounded.
    """
    sizes = list(enumerate((rows, columns)))
    if rows * values.shape[1] > MAX_ENLARGED:  # begin with the side that shrinks
        sizes.reverse()
    for axis, size in sizes:
        last = values.shape[axis] - 1
        position = np.clip((np.arange(size) + 0.5) * ((last + 1) / size) - 0.5, 0, last)
        first = position.astype(int)
        share = (
            (position - first).astype(np.float32).reshape((-1, *(1,) * (values.ndim - axis - 1)))
        )
        near = first, np.minimum(first + 1, last)
        low, high = (values.take(i, axis).astype(np.float32, copy=False) for i in near)
        values = low + share * (high - low)
    return values


def middle(width: int, height: int, columns: int, rows: int) -> tuple[int, int, int, int]:
    """The box (left, top, right, bottom) of the central crop of columns x rows."""
    left, top = round((width - columns) / 2), round((height - rows) / 2)
    return left, top, left + columns, top + rows


@contextmanager
def no_warnings() -> Iterator[None]:
    """Suppresses the warnings that Pillow gives for large or unusual images."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def to_eight_bits(image: Image.Image) -> Image.Image:
    """A 16-bit grey image converted to 8 bits; Pillow would clip its values at 255.

    If all values fit into 8 bits, they are not scaled: some programs write 8-bit images so. Raises
    ValueError if it is unclear which value is white.
    """
    if image.mode in ("I", "F"):
        raise ValueError("a 32-bit grey image, whose white is unknown; save it with 8 or 16 bits")
    if not image.mode.startswith("I;16"):
        return image
    values = np.asarray(image, np.int64)
    bits = next(bits for bits in (8, 10, 12, 14, 16) if values.max() < 2**bits)
    if 8 < bits < 16:
        raise ValueError(
            f"a 16-bit image with values up to {values.max()}, as from a camera with {bits} bits; "
            f"its white would be grey: multiply the values by {2 ** (16 - bits)}, or save it with "
            "8 bits"
        )
    if bits == 16:
        values = values >> 8
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def set_on_white(image: Image.Image) -> Image.Image:
    """The image with its transparent parts composited onto white."""
    if not image.has_transparency_data:
        return image
    layered = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered)
