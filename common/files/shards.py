"""Safetensors checkpoints in several files, as an index lists them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from common.errors import DataError
from common.files import safetensors_file
from common.files.budget import LARGEST_FILE, Budget
from common.files.contents import Contents
from common.files.regular_file import check_regular, read_regular

INDEX = ".safetensors.index.json"
SHARD = re.compile(r"-0*(\d{1,9})-of-0*(\d{1,9})\.safetensors$")
LARGEST_INDEX = 10_000_000  # bytes
MAX_SHARDS = 100


def is_shard(path: Path) -> bool:
    """Whether a file is named as one of several shards."""
    match = SHARD.search(path.name)
    return match is not None and int(match[2]) > 1


def read_shards(path: Path) -> Contents:
    """The arrays of all shards of an index, which lie in its folder."""
    names = read_index(path)
    try:
        check_total(path.parent, names)
        shards = {
            file: safetensors_file.read(path.parent / file)
            for file in dict.fromkeys(names.values())
        }
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    arrays, notes = {}, set()
    for file, contents in shards.items():
        notes.update(contents.notes)
        for name, array in contents.groups[""].items():
            if names.get(name) != file:
                raise DataError(f"{path}: {file} holds {name}, which the index does not list there")
            arrays[name] = array
    if missing := [name for name in names if name not in arrays]:
        raise DataError(f"{path}: {names[missing[0]]} lacks {missing[0]}, which the index lists")
    return Contents({"": arrays}, notes=sorted(notes))


def check_total(folder: Path, names: Mapping[str, str]) -> None:
    """Raises DataError if all shards together are larger than any weights file may be."""
    size = sum(check_regular(folder / file) for file in set(names.values()))
    if size > LARGEST_FILE:
        raise DataError(f"its shards have {size:,} bytes, more than {LARGEST_FILE:,}")
    Budget(size).take_arrays(len(names))


def read_index(path: Path) -> dict[str, str]:
    """The shard of every array; raises DataError for anything that is not such an index."""
    if path.stat().st_size > LARGEST_INDEX:
        raise DataError(f"{path}: too large for an index of shards")
    try:
        names = json.loads(read_regular(path))["weight_map"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: not a valid index of shards ({error})") from None
    if not isinstance(names, dict) or not all(map(is_file_name, names.values())) or not names:
        raise DataError(f"{path}: not a valid index of shards (weight_map lists no files)")
    if len(set(names.values())) > MAX_SHARDS:
        raise DataError(f"{path}: more than {MAX_SHARDS} shards")
    return names


def is_file_name(name: object) -> bool:
    """Whether a value names a safetensors file in the index's own folder."""
    return isinstance(name, str) and re.fullmatch(r"[\w.-]{1,200}\.safetensors", name) is not None
