"""Reads the regular files that users name, but no pipe or device, which may never end."""

from pathlib import Path

from common.errors import DataError
from common.files.budget import LARGEST_FILE


def check_regular(path: Path, wanted: str = "a file of weights") -> int:
    """The size of a regular file; raises DataError for anything else, or if it is too large."""
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: not a regular file; expected {wanted}")
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    if size > LARGEST_FILE:
        raise DataError(f"{path}: {size:,} bytes, and {wanted} has at most {LARGEST_FILE:,}")
    return size


def read_regular(path: Path) -> bytes:
    """The bytes of a regular file; raises DataError for anything else."""
    size = check_regular(path)
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
