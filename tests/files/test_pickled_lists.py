"""Lists of arrays without names are read by their order, as data."""

import pickle

import numpy as np
import pytest
from checkpoints import variant
from conftest import seeded

from common.errors import DataError
from common.files import weights
from common.tools.zoo.convert import convert
from common.tools.zoo.read_file import read_file

# In the order of Lasagne's recipe: of a module 1x1, 3x3 reduced and 3x3, 5x5 reduced and 5x5, pool.
ORDER = [
    "conv1", "conv2", "conv3",
    *(
        f"inception{block}.branch{branch}"
        for block in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
        for branch in ("1", "2.0", "2.1", "3.0", "3.1", "4.1")
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def ours():
    """Small weights of GoogLeNet without heads."""
    plan, _ = variant("googlenet.caffe")
    plan = plan.subplan(plan.body.children)
    return seeded(plan)


def listed(arrays, dense):
    """The arrays in Lasagne's order; the classifier as a dense layer, or as a 1 x 1 convolution."""
    names = [f"{path}.conv.{kind}" for path in ORDER for kind in ("weight", "bias")]
    matrix = arrays["fc.weight"]
    return [
        *(arrays[name] for name in names),
        np.ascontiguousarray(matrix.T) if dense else matrix[:, :, None, None],
        arrays["fc.bias"],
    ]


@pytest.mark.parametrize("dense", [True, False])
def test_lasagnes_lists_are_read(tmp_path, ours, dense):
    found = listed(ours, dense)
    value = {"param values": found, "synset words": ["tench"]} if dense else found
    path, out = tmp_path / "googlenet.pkl", tmp_path / "out.safetensors"
    path.write_bytes(pickle.dumps(value, protocol=2))
    line, _ = convert(path, out, "googlenet.caffe")
    assert line.startswith("googlenet.caffe from lasagne to ours: ")
    read, _ = weights.read(out)
    assert read.keys() == ours.keys()
    assert all((read[name] == array).all() for name, array in ours.items())


def test_a_list_in_another_order_is_refused(tmp_path, ours):
    found = listed(ours, dense=True)
    found[2:4], found[4:6] = found[4:6], found[2:4]
    path = tmp_path / "googlenet.pkl"
    path.write_bytes(pickle.dumps(found, protocol=2))
    with pytest.raises(
        DataError, match="in format lasagne: 4 with a wrong shape, first 2 is 192x64x3x3"
    ):
        convert(path, tmp_path / "out.safetensors", "googlenet.caffe")
    assert not (tmp_path / "out.safetensors").exists()


def test_a_pickle_in_text_form_is_called_so(tmp_path):
    path = tmp_path / "googlenet.pkl"
    path.write_bytes(pickle.dumps([np.ones(3), np.ones(2)], protocol=0))
    with pytest.raises(DataError, match="a pickle in text form; unpickle it in Python, and save"):
        read_file(path)


def test_nothing_in_a_list_is_called(tmp_path):
    class Hostile:
        def __reduce__(self):
            return open, (str(tmp_path / "written"), "w")

    path = tmp_path / "hostile.pkl"
    path.write_bytes(pickle.dumps([Hostile(), Hostile()], protocol=2))
    with pytest.raises(DataError, match="no arrays by name"):
        read_file(path)
    assert not (tmp_path / "written").exists()
