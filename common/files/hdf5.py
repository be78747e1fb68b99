"""Keras' HDF5 weights files, read without Keras in all versions, and written as Keras 3 does.

An array is named by its layer and its number in the layer: `conv2d_1/0`.
"""

import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import DataError
from common.files.budget import LARGEST, Budget, check_name, memory_limit
from common.files.hdf5_heaps import check_heaps
from common.files.regular_file import check_regular

DEFLATE = h5py.h5z.FILTER_DEFLATE
FILTERS = {DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}  # others need plugins
# What h5py may raise for a damaged file.
UNSOUND = (OSError, RuntimeError, KeyError, TypeError, ValueError, AttributeError, zlib.error)
# The costs of visiting an object and of reading one of its attributes, in operations of the budget.
OBJECT, ATTRIBUTE = 20, 100


@dataclass(frozen=True, kw_only=True)
class Inside:
    """The paths of all groups and arrays in a file that are reached without following a link."""

    groups: set[str]
    arrays: set[str]


def read_hdf5(path: Path, budget: Budget, content: bytes | None = None) -> Arrays:
    """The arrays in a Keras file by name; nothing outside the file is read.

    `content` is the file's bytes if it is a member of an archive.
    """
    try:
        check_heaps(path, content, budget)
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{path}: not a valid HDF5 file ({error})") from None
    # The library unpacks strings and chunks to whatever length the file declares.
    with open_hdf5(path, content) as file, memory_limit(budget.bytes + LARGEST):
        locations = find_locations(file, budget)
        return {name: numbers(file[location], budget) for name, location in locations.items()}


def read_model_text(path: Path, content: bytes | None = None) -> str:
    """The description, in JSON, of a model that Keras saved as one HDF5 file; "" if none."""
    with open_hdf5(path, content) as file, memory_limit(LARGEST):
        text = file.attrs.get("model_config", "")
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    return text if isinstance(text, str) else ""


def locations_in(path: Path) -> dict[str, str]:
    """The path of each array in a Keras file, by name."""
    with open_hdf5(path) as file:
        return find_locations(file, Budget(check_regular(path)))


@contextmanager
def open_hdf5(path: Path, content: bytes | None = None) -> Iterator[h5py.File]:
    """An HDF5 file opened for reading; raises DataError for anything invalid in it."""
    try:
        with h5py.File(path if content is None else io.BytesIO(content), "r") as file:
            yield file
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except UNSOUND as error:
        raise DataError(f"{path}: not a valid HDF5 file ({error})") from None


def numbers(item: h5py.Dataset, budget: Budget) -> NDArray:
    """One array; raises DataError unless it holds numbers that are stored in this file."""
    created = item.id.get_create_plist()
    inside = not created.get_external_count() and created.get_layout() != h5py.h5d.VIRTUAL
    if not inside or item.dtype.kind not in "fiu" or item.shape is None:
        raise DataError(f"{item.name} is not an array of numbers in this file")
    chunk = created.get_chunk() if created.get_layout() == h5py.h5d.CHUNKED else ()
    # An array that was never written takes no space in the file; a chunk may exceed its array.
    budget.take_bytes(max(prod(item.shape), prod(chunk)) * item.dtype.itemsize)
    filters = [created.get_filter(number)[0] for number in range(created.get_nfilters())]
    if not set(filters) <= FILTERS or filters.count(DEFLATE) > 1:
        raise DataError(f"{item.name} uses unsupported compression; save it uncompressed")
    if DEFLATE in filters:
        check_chunks(item, prod(chunk) * item.dtype.itemsize, budget)
    return np.asarray(item[()])


def check_chunks(item: h5py.Dataset, size: int, budget: Budget) -> None:
    """Raises DataError for a chunk larger than it declares, which HDF5 would unpack whole."""
    for number in range(item.id.get_num_chunks()):
        budget.take_operations(OBJECT)
        _, packed = item.id.read_direct_chunk(item.id.get_chunk_info(number).chunk_offset)
        if len(zlib.decompressobj().decompress(packed, size + 1)) > size:
            raise DataError("its uncompressed size exceeds the limit for a file of this size")


def find_locations(file: h5py.File, budget: Budget) -> dict[str, str]:
    """The path of each array in a Keras file, by name; raises DataError if no array has a name."""
    inside = objects(file, budget)
    # A file of a whole model keeps its weights in a separate group.
    weights = file["model_weights"] if "model_weights" in inside.groups else file
    listed = "layer_names" in weights.attrs
    pairs = listed_places(weights, inside, budget) if listed else named_places(file, inside, budget)
    locations = {}
    for name, location in pairs:
        if location in inside.arrays:
            budget.take_arrays()
            locations[check_name(name)] = location
    if not locations:
        raise DataError(
            "contains no arrays named after layers; if an early Keras 3 wrote it, "
            "load and save it once with a newer one"
        )
    return locations


def objects(file: h5py.File, budget: Budget) -> Inside:
    """The objects in the file itself, without links, which may lead to other files or nowhere."""
    inside = Inside(groups=set(), arrays=set())

    def take(location: str, item: object) -> None:
        budget.take_operations(OBJECT)
        check_name(location)  # its length grows with the depth of the groups
        if isinstance(item, h5py.Dataset):
            inside.arrays.add(location)
        elif isinstance(item, h5py.Group):
            inside.groups.add(location)

    file.visititems(take)
    return inside


def listed_places(weights: h5py.Group, inside: Inside, budget: Budget) -> Iterator[tuple[str, str]]:
    """Names and paths as stored by Keras before version 3: in attributes of the groups."""
    for layer in texts(weights, "layer_names", budget):
        group = f"{weights.name}/{layer}".lstrip("/")
        if group not in inside.groups:
            continue
        arrays = texts(weights.file[group], "weight_names", budget)
        inner = [name.split("/")[-2] if "/" in name else layer for name in arrays]
        # A layer that is itself a network holds the arrays of all its layers.
        layers = inner if len(set(inner)) > 1 else [layer] * len(arrays)
        counts: Counter[str] = Counter()
        for name, array in zip(layers, arrays, strict=True):
            yield f"{name}/{counts[name]}", f"{group}/{array}"
            counts[name] += 1


def named_places(file: h5py.File, inside: Inside, budget: Budget) -> Iterator[tuple[str, str]]:
    """Names and paths as stored by Keras 3: numbered variables in a group with a name."""
    for location in inside.arrays:
        match = re.fullmatch(r"(.+)/(\d+)", location)
        if match and not location.startswith("optimizer/"):
            budget.take_operations(ATTRIBUTE)
            layer = file[match[1]].attrs.get("name")
            if layer is not None:
                yield f"{checked_name(layer)}/{match[2]}", location


def texts(group: h5py.Group, name: str, budget: Budget) -> list[str]:
    """The names in an attribute of a group; raises ValueError if it is not a list of names."""
    kept = group.attrs.get_id(name)
    if len(kept.shape) != 1:
        raise ValueError(f"{name} is not a list")
    budget.take_operations(ATTRIBUTE + kept.shape[0])
    return [checked_name(each) for each in group.attrs[name]]


def checked_name(name: object) -> str:
    """A name as text; older files store it as bytes."""
    return check_name(name.decode() if isinstance(name, bytes) else name)


def write_hdf5(path: Path, arrays: Mapping[str, NDArray], locations: Mapping[str, str]) -> None:
    """Writes named arrays as Keras 3 does, each at the path where Keras looks for it."""
    # Written to memory first, because HDF5 does not recover from a full disk.
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in arrays.items():
            file[locations[name]] = array
            file[locations[name]].parent.attrs["name"] = name.rpartition("/")[0]
    path.write_bytes(buffer.getvalue())
