"""Keras' weights files, those of version 3 and the older ones, read and written without Keras.

An array's name is that of its layer and its number in the layer: `conv2d_1/0`.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import DataError


def read_hdf5(path: Path, content: bytes | None = None) -> Arrays:
    """The arrays in a Keras file by name; nothing outside the file is looked at.

    `content` is the file's bytes where it lies in an archive.
    """
    with open_hdf5(path, content) as file:
        places = find_places(path, file)
        return {name: numbers(path, file[place]) for name, place in places.items()}


def places_in(path: Path) -> dict[str, str]:
    """Where in a Keras file each array is, by name."""
    with open_hdf5(path) as file:
        return find_places(path, file)


@contextmanager
def open_hdf5(path: Path, content: bytes | None = None) -> Iterator[h5py.File]:
    """An HDF5 file to read from; raises DataError for whatever is unsound in it."""
    try:
        with h5py.File(path if content is None else io.BytesIO(content), "r") as file:
            yield file
    except DataError:
        raise
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path}: not a sound HDF5 file ({error})") from None


def numbers(path: Path, item: h5py.Dataset) -> NDArray:
    """One array; raises DataError unless it is numbers, and those in this very file."""
    if item.external or item.is_virtual or item.dtype.kind not in "fiu":
        raise DataError(f"{path}: {item.name} is not an array of numbers in this file")
    return np.asarray(item[()])


def find_places(path: Path, file: h5py.File) -> dict[str, str]:
    """Where in a Keras file each array is; raises DataError where nothing has a name."""
    inside = datasets(file)
    # The file of a whole model keeps them in a group of its own.
    inner = isinstance(file.get("model_weights", getlink=True), h5py.HardLink)
    weights = file["model_weights"] if inner else file
    listed = "layer_names" in weights.attrs
    pairs = listed_places(weights) if listed else named_places(file, inside)
    places = {name: place for name, place in pairs if place in inside}
    if not places:
        raise DataError(
            f"{path}: holds no arrays by the names of layers; if an early Keras 3 wrote it, "
            "load and save it once with a newer one"
        )
    return places


def datasets(file: h5py.File) -> set[str]:
    """The places of all arrays that are reached without following a link."""
    found: set[str] = set()

    def take(place: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found.add(place)

    file.visititems(take)
    return found


def listed_places(weights: h5py.Group) -> Iterator[tuple[str, str]]:
    """Names and places as Keras kept them before version 3: in lists beside the arrays."""
    for layer in map(text, weights.attrs["layer_names"]):
        arrays = [text(name) for name in weights[layer].attrs["weight_names"]]
        inner = [name.split("/")[-2] if "/" in name else layer for name in arrays]
        # A layer that is a network itself keeps the arrays of all its layers.
        layers = inner if len(set(inner)) > 1 else [layer] * len(arrays)
        counts: Counter[str] = Counter()
        for name, array in zip(layers, arrays, strict=True):
            yield f"{name}/{counts[name]}", f"{weights.name}/{layer}/{array}".lstrip("/")
            counts[name] += 1


def named_places(file: h5py.File, inside: set[str]) -> Iterator[tuple[str, str]]:
    """Names and places as Keras 3 keeps them: numbered variables in a group with a name."""
    for place in inside:
        match = re.fullmatch(r"(.+)/(\d+)", place)
        if match and not place.startswith("optimizer/"):
            layer = file[match[1]].attrs.get("name")
            if layer is not None:
                yield f"{text(layer)}/{match[2]}", place


def text(name: str | bytes) -> str:
    """A name, which older files keep as bytes."""
    return name.decode() if isinstance(name, bytes) else str(name)


def write_hdf5(path: Path, arrays: Mapping[str, NDArray], places: Mapping[str, str]) -> None:
    """Writes arrays by name as Keras 3 does, each where Keras looks for it."""
    # In memory first: HDF5 itself does not get over a full disk.
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in arrays.items():
            file[places[name]] = array
            file[places[name]].parent.attrs["name"] = name.rpartition("/")[0]
    path.write_bytes(buffer.getvalue())
