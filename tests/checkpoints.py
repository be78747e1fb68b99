"""Small networks' weights in files, for the tests that convert them."""

import pickle

import numpy as np
from conftest import planned, seeded

from common.files import weights
from common.zoo.read_file import read_file

SIZE = (96, 96)


def dialect(name):
    """A small network of that name with all its heads, its weights, and its layouts."""
    plan = planned(name, SIZE, aux=True, classes=7)
    return plan, seeded(plan)


def ours(tmp_path, name):
    """Those weights in a file."""
    plan, arrays = dialect(name)
    weights.write(tmp_path / "ours.safetensors", arrays, plan)
    return tmp_path / "ours.safetensors", arrays


def check_holds(path, expected):
    """A weights file holds these arrays, bit for bit once they are float32."""
    found, _ = weights.read(path)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array.astype(np.float32))


def read_arrays(path):
    """The arrays in a file of any kind, by the names they have there."""
    return read_file(path).groups[""]


def write_pickle(path, value):
    path.write_bytes(pickle.dumps(value, protocol=4))
    return path
