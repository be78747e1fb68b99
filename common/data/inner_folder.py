"""Finds a data set in the folder that it was downloaded to."""

from collections.abc import Callable
from pathlib import Path

from common.errors import DataError


def inner_folder(location: Path, pattern: str, has_data: Callable[[Path], bool]) -> Path:
    """The folder with the data: `location`, or the one folder in it that matches the pattern.

    Without any data, `location` is returned. Raises DataError if there are several such folders.
    """
    if not location.is_dir():
        raise DataError(f"{location}: no such file or directory")
    if has_data(location):
        return location
    folders = [path for path in sorted(location.glob(pattern)) if path.is_dir() and has_data(path)]
    if len(folders) > 1:
        names = " and ".join(str(path.relative_to(location)) for path in folders[:3])
        raise DataError(f"{location}: has data in {names}; name one of them")
    return folders[0] if folders else location
