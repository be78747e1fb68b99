"""Identifies the network in a file from the file itself."""

import json
import pickle

import numpy as np
import pytest
from checkpoints import ours, variant
from cli import googlenet

from common.errors import DataError
from common.files import weights
from common.tools.zoo.identify import identify
from common.tools.zoo.match import ReadOptions
from common.tools.zoo.recognise import formats_for
from common.tools.zoo.write_file import write_file

NAMES = [
    ("googlenet.slim", "slim"),
    ("googlenet.paddle_vision", "paddle_vision"),
    ("googlenet.d2l", "d2l"),
    ("xception.timm", "timm"),
]


def theirs(path, name, format, prefix=""):
    """Writes a small network's weights to a file, with another party's names only."""
    plan, arrays = variant(name)
    [format] = formats_for(name, format)
    named = format.to_layout(plan, arrays)
    write_file(path, {prefix + key: array for key, array in named.items()})
    return path


@pytest.mark.parametrize(("name", "format"), NAMES)
def test_a_partys_names_are_enough(tmp_path, name, format):
    found = identify(theirs(tmp_path / "x.safetensors", name, format), ReadOptions())
    match = found.matches[0]
    assert (match.plan.spec.name, match.format.name) == (name, format)
    assert match.plan.spec.classes == 7
    assert list(match.plan.heads) == list(variant(name)[0].heads)


def test_what_our_file_says_of_itself_decides(tmp_path):
    source, arrays = ours(tmp_path, "googlenet.paper")
    [match] = identify(source, ReadOptions()).matches
    assert match.plan.spec.name == "googlenet.paper"
    assert json.loads(googlenet("identify", source, "--json"))["matches"][0]["input"] == [3, 96, 96]
    write_file(tmp_path / "unsaid.safetensors", arrays)
    unsaid = identify(tmp_path / "unsaid.safetensors", ReadOptions()).matches
    names = [match.plan.spec.name for match in unsaid]
    assert names == ["googlenet", "googlenet.paper", "googlenet.caffe", "googlenet.paddle"]


def test_the_command_tells_it_and_what_was_done(tmp_path):
    source = theirs(
        tmp_path / "x.safetensors", "googlenet.torchvision", "torchvision", prefix="module."
    )
    document = json.loads(googlenet("identify", source, "--json"))
    match = document["matches"][0]
    assert match["network"] == "googlenet.torchvision"
    assert match["input"] == [3, None, None]  # its heads pool every map to the same size
    assert match["parameters"] == variant("googlenet.torchvision")[0].parameter_count
    assert match["notes"] == ["names without 'module.'"]
    assert document["nearest"] is None
    told = googlenet("identify", source)
    assert "aux1, aux2" in told
    assert "names without 'module.'" in told


def test_what_does_not_fit_is_listed(tmp_path):
    source, arrays = ours(tmp_path, "googlenet.torchvision")
    wide = arrays | {"fc2.weight": np.ones((3, 7), np.float32)}
    wide["conv1.conv.weight"] = np.ones((65, 3, 7, 7), np.float32)
    del wide["inception3a.branch1.conv.weight"]
    write_file(source, wide)
    document = json.loads(googlenet("identify", source, "--json", code=1))
    nearest = document["nearest"]
    assert document["matches"] == []
    assert nearest["network"] == "googlenet.torchvision"
    assert nearest["missing"] == ["inception3a.branch1.conv.weight"]
    assert nearest["unknown"] == ["fc2.weight"]
    assert nearest["misshapen"] == ["conv1.conv.weight is 65x3x7x7"]
    told = googlenet("identify", source, code=1)
    assert "missing: inception3a.branch1.conv.weight" in told


def test_a_backbone_that_fits_is_said(tmp_path):
    source, arrays = ours(tmp_path, "googlenet")
    write_file(source, arrays | {"extra.fc.weight": np.ones((3, 7), np.float32)})
    told = googlenet("identify", source, code=1)
    assert "Its backbone fits" in told


def test_a_file_of_something_else_is_refused(tmp_path):
    write_file(tmp_path / "x.safetensors", {"encoder.weight": np.ones((3, 3), np.float32)})
    with pytest.raises(DataError, match="none of its arrays belongs to a supported network"):
        identify(tmp_path / "x.safetensors", ReadOptions())
    line = googlenet("identify", tmp_path / "absent.pth", code=4)
    assert "absent.pth" in line


def test_what_is_opened_is_not_said_to_be_unread(tmp_path):
    _, arrays = variant("googlenet")
    state = {"state": {"momentum": 3}, "param_groups": [1]}
    held = {"a": {"state_dict": arrays}, "epoch": 3, "optimizer": state}
    (tmp_path / "x.pdparams").write_bytes(pickle.dumps(held, protocol=4))
    found = identify(tmp_path / "x.pdparams", ReadOptions())
    assert "opened at 'a.state_dict'" in found.matches[0].notes
    assert found.kinds == {"epoch": "int", "optimizer": "dict"}


def test_a_file_that_says_a_name_is_held_to_it(tmp_path):
    """Its arrays would fit a different network."""
    plan, arrays = variant("googlenet")
    about = weights.file_metadata(plan) | {"network": "inception_v3"}
    write_file(tmp_path / "x.safetensors", arrays, about)
    found = identify(tmp_path / "x.safetensors", ReadOptions())
    assert not found.matches
    assert found.nearest.name == "inception_v3"
