"""Arrays supplied by users: batches and labels, checked before any framework sees them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.files.regular_file import check_regular
from common.spec import Shape, shape_text
from common.spec.plan import Plan

ARCHIVE = b"PK\x03\x04"


def read_array(path: Path) -> NDArray:
    """The array in a .npy file, which is never unpickled."""
    check_regular(path, "a .npy array")
    try:
        with open(path, "rb") as file:
            if file.read(len(ARCHIVE)) == ARCHIVE:
                raise DataError(f"{path}: an archive of arrays; give one array as .npy")
        # Memory-mapped first, so that a header that declares more than the file has is harmless.
        with np.errstate(over="ignore"):
            return np.array(np.load(path, mmap_mode="r", allow_pickle=False))
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except Exception:
        # A broken file can raise nearly anything, and NumPy would advise unpickling it.
        raise DataError(f"{path}: not a .npy array of numbers") from None


def read_batch(path: Path) -> NDArray:
    """A batch of images, N x C x H x W, of finite floating-point numbers."""
    x = read_array(path)
    if x.ndim != 4 or 0 in x.shape:
        raise DataError(
            f"{path}: a batch is N x C x H x W, but this array is {shape_text(x.shape) or 0}"
        )
    if x.dtype not in (np.float32, np.float64):
        raise DataError(f"{path}: a batch is float32 or float64, but this array is {x.dtype}")
    if not np.isfinite(x).all():
        raise DataError(f"{path}: the batch contains NaN or infinity")
    return np.ascontiguousarray(x)


def channels(number: int) -> str:
    """The number of channels as text, such as '3 channels'."""
    return f"{number} channel{'' if number == 1 else 's'}"


def check_channels(path: Path, shape: Shape, wanted: int | None) -> None:
    """Raises DataError unless images of C x H x W have as many channels as the weights expect."""
    if wanted is None or shape[0] == wanted:
        return
    if shape[-1] == wanted:
        raise DataError(
            f"{path}: the batch is N x {shape_text(shape)}, with the channels last; a batch is "
            "N x C x H x W: x.transpose(0, 3, 1, 2)"
        )
    raise DataError(
        f"{path}: the images have {channels(shape[0])}, but the weights expect {channels(wanted)}"
    )


def read_labels(path: Path, images: int, plan: Plan) -> NDArray[np.int64]:
    """The class number of each image, from a .npy file; raises DataError if they do not fit."""
    labels, classes = read_array(path), plan.spec.classes
    if labels.shape != (images,) or labels.dtype.kind not in "iu":
        raise DataError(
            f"{path}: expected {images} integer labels, one per image, "
            f"but this array is {labels.dtype} of shape {labels.shape}"
        )
    if not classes:
        raise DataError(f"{path}: the weights have no classifier, so labels cannot be used")
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(
            f"{path}: labels range from {labels.min()} to {labels.max()}, "
            f"classes from 0 to {classes - 1}"
        )
    return labels.astype(np.int64)
