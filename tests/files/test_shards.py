"""Safetensors checkpoints in several files are read by their index, or refused."""

import json

import numpy as np
import pytest

from common.errors import DataError
from common.tools.zoo.read_file import read_file
from common.tools.zoo.write_file import write_file


def shards(folder, **changes):
    """Writes two shards and their index; returns the index and all arrays."""
    arrays = {name: np.full(3, number, np.float32) for number, name in enumerate("abc")}
    files = dict(
        zip("abc", ("x-00001-of-00002", "x-00001-of-00002", "x-00002-of-00002"), strict=True)
    )
    for file in set(files.values()):
        own = {name: arrays[name] for name in arrays if files[name] == file}
        write_file(folder / f"{file}.safetensors", own)
    names = {name: f"{file}.safetensors" for name, file in files.items()} | changes
    index = folder / "x.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": names}))
    return index, arrays


def test_shards_are_read_by_their_index(tmp_path):
    index, arrays = shards(tmp_path)
    found = read_file(index).groups[""]
    assert found.keys() == arrays.keys()
    assert all(np.array_equal(found[name], array) for name, array in arrays.items())


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"d": "x-00002-of-00002.safetensors"}, "lacks d, which the index lists"),
        ({"a": "x-00002-of-00002.safetensors"}, "holds a, which the index does not list there"),
        ({"a": "../secret.safetensors"}, "weight_map lists no files"),
        ({"a": "/etc/passwd"}, "weight_map lists no files"),
        ({"a": ["x"]}, "weight_map lists no files"),
        ({"a": "y.safetensors"}, "y.safetensors"),
    ],
)
def test_an_index_that_does_not_fit_its_shards_is_refused(tmp_path, changes, line):
    index, _ = shards(tmp_path, **changes)
    with pytest.raises(DataError, match=line):
        read_file(index)


def test_shards_that_are_too_large_together_are_refused(tmp_path, monkeypatch):
    index, _ = shards(tmp_path)
    monkeypatch.setattr("common.files.shards.LARGEST_FILE", 100)
    with pytest.raises(DataError, match=r"its shards have .* bytes, more than 100"):
        read_file(index)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"weight_map": 3}', "[" * 100_000, "\0" * 99])
def test_a_damaged_index_is_refused(tmp_path, text):
    (tmp_path / "x.safetensors.index.json").write_text(text)
    with pytest.raises(DataError, match="not a valid index of shards"):
        read_file(tmp_path / "x.safetensors.index.json")
