"""Finds a data set in the folder that it was downloaded to."""

from collections.abc import Callable
from pathlib import Path

from common.errors import DataError


def inner_folder(place: Path, pattern: str, has_data: Callable[[Path], bool]) -> Path:
    """The folder with the data: `place`, or the one folder in it that matches the pattern.

    Without any data, `place` is returned. Raises DataError if there are several such folders.
    """
    if not place.is_dir():
        raise DataError(f"{place}: no such file or directory")
    if has_data(place):
        return place
    found = [path for path in sorted(place.glob(pattern)) if path.is_dir() and has_data(path)]
    if len(found) > 1:
        names = " and ".join(str(path.relative_to(place)) for path in found[:3])
        raise DataError(f"{place}: has data in {names}; name one of them")
    return found[0] if found else place
