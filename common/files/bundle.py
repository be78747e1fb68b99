"""Arrays with arbitrary names in one .npz, even names that NumPy itself uses, such as `file`."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def pack(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """Writes the arrays under numbers, and a list of their names; an OSError names the file."""
    numbered = {str(number): array for number, array in enumerate(arrays.values())}
    try:
        np.savez(path, names=np.array(list(arrays), np.str_), **numbered)  # type: ignore[arg-type]
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def unpack(path: Path) -> dict[str, NDArray]:
    """The arrays by name."""
    with np.load(path) as file:
        names = file["names"].tolist()
        return {name: file[str(number)] for number, name in enumerate(names)}
