"""Reading a file costs no more than fixed multiples of its size and of the largest network's."""

import os
import pickle
import struct
import tracemalloc
import zipfile
from math import prod

import numpy as np
import pytest
from conftest import planned
from costly_files import COSTLY, PACKED, TOO_LONG, TOO_MANY, TOO_MUCH
from limited import Child
from small_files import dictionary, small_files, torch_zip

from common.data.batches import read_array
from common.errors import DataError
from common.files import budget, weights
from common.files.archives import Archive
from common.files.budget import Budget, check_shape
from common.files.pickled_arrays import Interpreter, NotAnArray
from common.networks import NETWORKS, network
from common.tools.zoo.read_file import read_file
from common.tools.zoo.unwrap import choose_groups

# The bounds that apply to each reader: an uncompressed file cannot unpack to more than its size.
BOUNDS = {
    "a.safetensors": [TOO_MANY],
    "listed.h5": [TOO_MUCH, TOO_LONG, TOO_MANY],
    "named.h5": [TOO_MUCH, TOO_LONG, TOO_MANY],
    "a.keras": [TOO_MUCH, TOO_LONG, TOO_MANY],
    "a.pth": [TOO_MUCH, TOO_LONG, TOO_MANY],
    "old.pth": [TOO_MUCH, TOO_LONG, TOO_MANY],
    "a.pdparams": [TOO_MUCH, TOO_LONG, TOO_MANY],
    "a.caffemodel": [TOO_LONG, TOO_MANY],
    "a.onnx": [TOO_LONG, TOO_MANY],
}
NONE = {
    TOO_MUCH: {"LARGEST": 0, "TIMES_ITS_SIZE": 0},
    TOO_LONG: {"MAX_OPERATIONS": 0},
    TOO_MANY: {"MAX_ARRAYS": 0},
}


@pytest.mark.parametrize(
    ("file", "bound"), [(file, bound) for file, bounds in BOUNDS.items() for bound in bounds]
)
def test_every_reader_keeps_the_bounds(tmp_path, monkeypatch, file, bound):
    path = tmp_path / file
    path.write_bytes(small_files()[file])
    assert read_file(path).groups
    for constant, least in NONE[bound].items():
        monkeypatch.setattr(budget, constant, least)
    with pytest.raises(DataError, match=rf"{file}: .*{bound}"):
        read_file(path)


@pytest.mark.parametrize("made", NETWORKS)
def test_every_network_and_its_training_stay_below(made):
    spec = network(made)
    shapes = planned(made, spec.input[1:], aux=True).array_shapes()
    assert 4 * sum(map(prod, shapes.values())) <= budget.LARGEST
    assert 5 * len(shapes) <= budget.MAX_ARRAYS


def read_strictly(path):
    """Reads a file with a fiftieth of the steps allowed, because the steps take the time."""
    budget.MAX_OPERATIONS = 20_000
    read_file(path)


@pytest.fixture(scope="module")
def child(tmp_path_factory):
    """A process that reads under limits, in a folder with a named pipe."""
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("costly"))
    os.mkfifo("fifo")
    yield (made := Child(read_strictly))
    made.end()
    os.chdir(before)


@pytest.mark.parametrize("file", COSTLY)
def test_files_that_only_cost_are_refused_for_little(tmp_path, child, file):
    content, told = COSTLY[file]
    (tmp_path / file).write_bytes(content)
    child.give(tmp_path / file)
    while (found := child.take()) is None:
        pass
    assert not found.fault
    assert told in found.line
    assert found.megabytes < 600


def test_a_member_of_an_archive_is_never_larger_than_it_says(tmp_path):
    path = tmp_path / "a.pth"
    content = torch_zip(b"N" * 50_000_000, {}, PACKED)
    path.write_bytes(content.replace(struct.pack("<L", 50_000_000), struct.pack("<L", 1000)))
    tracemalloc.start()
    with Archive(path, Budget(0)) as archive, pytest.raises(zipfile.BadZipFile, match="CRC"):
        archive.read("a/data.pkl")
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_packed_without_a_bound_are_not_unpacked(tmp_path, method):
    (tmp_path / "a.pth").write_bytes(torch_zip(dictionary({}), {}, method))
    with pytest.raises(DataError, match="uses an unsupported compression"):
        read_file(tmp_path / "a.pth")


def test_an_archive_of_too_many_members_is_not_listed(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        for member in range(17_000):
            archive.writestr(zipfile.ZipInfo(f"a/data/{member:0200}"), b"")
    with pytest.raises(DataError, match="the archive has too many members"):
        read_file(tmp_path / "a.pth")


@pytest.mark.parametrize("read", [read_file, weights.read, read_array])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_only_ordinary_files_are_opened(tmp_path, read, kind):
    path = tmp_path / "a.safetensors"
    make = {"pipe": os.mkfifo, "folder": os.mkdir, "device": lambda p: p.symlink_to("/dev/zero")}
    make[kind](path)
    with pytest.raises(DataError, match=r"a\.safetensors: not a regular file"):
        read(path)


def test_a_file_larger_than_any_training_is_not_read(tmp_path):
    with open(tmp_path / "a.safetensors", "wb") as file:
        file.truncate(budget.LARGEST_FILE + 1)  # uses no disk space
    with pytest.raises(DataError, match=r"a\.safetensors: 4,800,000,001 bytes, and a file"):
        weights.read(tmp_path / "a.safetensors")


@pytest.mark.parametrize("shape", [(2, -3), (2, 3.0), ([2], 3), "23", (True, 6), (2**64, 0), (5,)])
def test_shapes_are_a_few_whole_numbers(shape):
    with pytest.raises(ValueError, match="shape"):
        check_shape(shape, 6)


def test_of_many_groups_the_largest_are_looked_at(tmp_path):
    """For example, an optimizer may keep a dict for every parameter."""
    state = {f"p{count}": {"average": np.ones(2, np.float32)} for count in range(50)}
    model = {f"w{count}": np.ones(2, np.float32) for count in range(9)}
    content = pickle.dumps({"optimizer": state, "model": model}, protocol=4)
    (tmp_path / "a.pdparams").write_bytes(content)
    groups = choose_groups("a", read_file(tmp_path / "a.pdparams"), None)
    assert "model" in groups
    assert len(groups) == 6


class Unprintable:
    """An object that takes forever to print, such as a tuple of tuples that doubles 40 times."""

    def __repr__(self):
        raise AssertionError("written out")


def test_types_that_are_no_texts_are_not_written_out():
    with pytest.raises(NotAnArray, match="an array of type no number"):
        Interpreter(Budget(100)).numpy_array((1,), Unprintable(), False, b"1234")
