"""Weights files of small networks, for the conversion tests."""

import pickle

import numpy as np
from conftest import planned, seeded

from common.files import weights
from common.tools.zoo.read_file import read_file

SIZE = (96, 96)


def variant(name):
    """The plan of a small `name` network with all its heads, and seeded weights for it."""
    plan = planned(name, SIZE, aux=True, classes=7)
    return plan, seeded(plan)


def ours(tmp_path, name):
    """Writes those weights to a file; returns its path and the arrays."""
    plan, arrays = variant(name)
    weights.write(tmp_path / "ours.safetensors", arrays, plan)
    return tmp_path / "ours.safetensors", arrays


def check_holds(path, expected):
    """Asserts that a weights file holds these arrays, bit for bit once they are float32."""
    found, _ = weights.read(path)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array.astype(np.float32))


def read_arrays(path):
    """The arrays in a weights file of any format, by their names in the file."""
    return read_file(path).groups[""]


def write_pickle(path, value):
    path.write_bytes(pickle.dumps(value, protocol=4))
    return path
