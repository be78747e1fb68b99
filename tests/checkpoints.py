"""Small networks' weights in files, for the tests that convert them."""

import pickle

from conftest import planned, seeded

from common.files import weights

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


def write_pickle(path, value):
    path.write_bytes(pickle.dumps(value, protocol=4))
    return path
