"""Broken and hostile checkpoints are refused, and nothing in them is run."""

import pickle
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from checkpoints import SIZE, ours, read_arrays, write_pickle
from conftest import planned, require, seeded

from common.data.batches import read_array
from common.errors import DataError
from common.files import weights
from common.files.safetensors_file import pack
from common.tools.zoo.convert import convert
from common.tools.zoo.write_file import write_file


class Payload:
    """A payload that touches the file `mark` when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def hostile(tmp_path, suffix):
    """A file of this format with a payload that would touch a mark, and the path of the mark."""
    path, mark = tmp_path / f"bad{suffix}", tmp_path / "mark"
    if suffix == ".pth":
        torch = pytest.importorskip("torch")
        torch.save({"conv1.conv.weight": Payload(mark)}, path)
    elif suffix == ".h5":
        (tmp_path / "secret").write_bytes(np.ones(4, np.float32).tobytes())
        with h5py.File(path, "w") as file:
            outside = [(str(tmp_path / "secret"), 0, 16)]
            file.create_dataset("layers/conv2d/vars/0", (4,), "f4", external=outside)
            file["layers/conv2d/vars"].attrs["name"] = "conv2d"
    else:
        write_pickle(path, {"conv1.conv.weight": Payload(mark)})
    return path, mark


@pytest.mark.parametrize("suffix", [".pth", ".pdparams", ".h5"])
def test_hostile_files_are_refused_and_run_nothing(tmp_path, suffix):
    path, mark = hostile(tmp_path, suffix)
    with pytest.raises(DataError, match=r"holds [\w.]+ and no arrays|not an array of numbers"):
        convert(path, tmp_path / "out.safetensors", "googlenet")
    assert not mark.exists()
    assert not (tmp_path / "out.safetensors").exists()


class Forged:
    """An array whose type is built to hold pointers chosen by the file."""

    def __reduce__(self):
        kind = (np.dtype, ("V8",), (3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0))
        return (np.ndarray, ((), Rebuilt(*kind), b"A" * 8))


class Rebuilt:
    """An object that is pickled as a call followed by a state."""

    def __init__(self, call, arguments, state):
        self.parts = call, arguments, state

    def __reduce__(self):
        return self.parts


def test_forged_types_are_refused(tmp_path):
    path = write_pickle(tmp_path / "x.pdparams", {"x.bn.weight": Forged()})
    with pytest.raises(DataError, match=r"holds numpy\.ndarray and no arrays by name"):
        convert(path, tmp_path / "out.safetensors", "googlenet")


@pytest.mark.parametrize(
    "about",
    [{"input": "abc"}, {"input": [3]}, {"input": [3, -1, 1]}, {"carried": 5},
     {"carried": {"x": 1}}, {"carried": {"names": {"fc.weight": ["a"]}}},
     {"carried": {"names": {"fc.weight": "\ud800"}}}, {"carried": {"scalars": {"a": 10**30}}},
     {"network": ["googlenet"]}, {"network": {}}, {"network": 5}, {"classes": "7"}, {"aux": 1},
     {"preprocess": "nope"}, {"preprocess": ["squeeze"]}, {"input": [3, 10**6, 10**6]}],
    ids=str,
)  # fmt: skip
def test_metadata_that_makes_no_sense_is_refused(tmp_path, about):
    plan = planned("googlenet", SIZE, classes=7)
    source = tmp_path / "a.safetensors"
    source.write_bytes(pack(seeded(plan), weights.file_metadata(plan) | about))
    with pytest.raises(DataError, match="its metadata has an invalid value for"):
        convert(source, tmp_path / "b.pdparams", "googlenet")


def test_a_batch_costs_no_more_than_its_file(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((1, 3, 4, 4), np.float32))
    content = (tmp_path / "x.npy").read_bytes()
    larger = content.replace(b"(1, 3, 4, 4), }      ", b"(99, 300, 99, 99), } ")
    assert larger != content
    (tmp_path / "x.npy").write_bytes(larger)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"x\.npy: not a \.npy array"):
        read_array(tmp_path / "x.npy")
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_names_carried_twice_are_refused(tmp_path):
    plan = planned("googlenet", SIZE, classes=7)
    carried = {"carried": {"names": {"fc.weight": "fc.bias"}}}
    source = tmp_path / "a.safetensors"
    source.write_bytes(pack(seeded(plan), weights.file_metadata(plan) | carried))
    with pytest.raises(DataError, match="have the same name in the format"):
        convert(source, tmp_path / "b.pdparams", "googlenet")


def test_keras_files_without_names_are_explained(tmp_path):
    """The first versions of Keras 3 wrote such files."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["layers/conv2d/vars/0"] = np.ones(4, np.float32)
    with pytest.raises(DataError, match="if an early Keras 3 wrote it, load and save it once"):
        convert(tmp_path / "x.h5", tmp_path / "out.safetensors", "googlenet")


def test_links_out_of_a_keras_file_are_not_followed(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["conv2d/kernel"] = np.ones(4, np.float32)
        file["conv2d"].attrs["weight_names"] = ["kernel"]
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["layer_names"] = ["conv2d"]
        file["conv2d"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "conv2d")
    with pytest.raises(DataError, match="contains no arrays named after layers"):
        convert(tmp_path / "x.h5", tmp_path / "out.safetensors", "googlenet")


def test_files_inside_a_whole_models_group_are_not_reached_by_a_link(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["model_weights/conv2d/kernel"] = np.ones(4, np.float32)
        file["model_weights/conv2d"].attrs["weight_names"] = ["kernel"]
        file["model_weights"].attrs["layer_names"] = ["conv2d"]
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["model_weights"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "model_weights")
    with pytest.raises(DataError, match="contains no arrays named after layers"):
        convert(tmp_path / "x.h5", tmp_path / "out.safetensors", "googlenet")


@pytest.mark.parametrize(
    "state",
    [
        # An OrderedDict whose `pop` the file sets to 5, and a key too long to print.
        b"\x80\x04ccollections\nOrderedDict\n)R}\x8c\x03popK\x05sb.",
        pickle.dumps({10**5000: np.ones(2)}, protocol=4),
    ],
    ids=["attributes", "key"],
)
def test_pickles_made_to_trip_the_reader_are_refused(tmp_path, state):
    (tmp_path / "x.pdparams").write_bytes(state)
    with pytest.raises(DataError, match=r"x\.pdparams: holds nothing and no arrays by name"):
        convert(tmp_path / "x.pdparams", tmp_path / "out.safetensors", "googlenet")


def test_names_that_numpy_takes_for_its_own_are_names(tmp_path):
    require("pytorch")
    arrays = {"file": np.ones(2, np.float32), "arr_0": np.zeros(3, np.float32)}
    write_file(tmp_path / "x.pth", arrays)
    assert read_arrays(tmp_path / "x.pth").keys() == arrays.keys()


def test_the_payload_would_have_left_its_mark(tmp_path):
    path, mark = hostile(tmp_path, ".pdparams")
    pickle.loads(path.read_bytes())
    assert mark.exists()


@pytest.mark.parametrize(
    "start", [b"", b"\x80", b"\x80\x04junk", b"PK\x03\x04junk", b"\x89HDF\r\n\x1a\n", b"hello"]
)
def test_broken_files_are_refused(tmp_path, start):
    (tmp_path / "x.pdparams").write_bytes(start)
    with pytest.raises(DataError, match=r"x\.pdparams: "):
        convert(tmp_path / "x.pdparams", tmp_path / "out.safetensors", "googlenet")


@pytest.mark.parametrize(
    "suffix", [".pth", ".pdparams", ".weights.h5", ".ckpt.data-00000-of-00001"]
)
def test_truncated_files_are_refused(tmp_path, suffix):
    require("tensorflow")
    require("pytorch")
    name = "googlenet.slim" if "ckpt" in suffix else "googlenet"
    source, _ = ours(tmp_path, name)
    path = tmp_path / ("x" + suffix.split(".data")[0])
    convert(source, path, name)
    whole = tmp_path / f"x{suffix}"
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DataError, match=r"x\."):
        convert(path, tmp_path / "out.safetensors", name)
    assert not (tmp_path / "out.safetensors").exists()
