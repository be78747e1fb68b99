"""Each framework's own weights files: it opens those we write, and we read those it writes."""

import numpy as np
import pytest
from checkpoints import dialect, ours

from common.files import weights
from common.zoo.convert import convert

SUFFIXES = {"pytorch": ".pth", "tensorflow": ".weights.h5", "paddle": ".pdparams"}


def open_file(room, net, path):
    """Has the framework load a file, as its users do."""
    if room.name == "pytorch":
        import torch

        net.load_state_dict(torch.load(path, weights_only=True), strict=True)
    elif room.name == "tensorflow":
        net.load_weights(path)
    else:
        import paddle

        missing, unknown = net.set_state_dict(paddle.load(str(path)))
        # A batch norm without a scale has one that stands in, which stays 1.
        assert [name for name in missing if not name.endswith(".bn.weight")] == []
        assert unknown == []


def save_file(room, net, path):
    """Has the framework save a file, as its users do."""
    if room.name == "pytorch":
        import torch

        torch.save(net.state_dict(), path)
    elif room.name == "tensorflow":
        net.save_weights(path)
    else:
        import paddle

        paddle.save(net.state_dict(), str(path))


@pytest.mark.filterwarnings("ignore:Skip loading:UserWarning")
@pytest.mark.parametrize("name", ["googlenet", "googlenet.slim", "googlenet.torchvision"])
def test_the_framework_opens_what_is_written_and_writes_what_is_read(room, tmp_path, name):
    source, arrays = ours(tmp_path, name)
    plan, _ = dialect(name)
    options = {"input": plan.network.input, "classes": 7, "aux": plan.network.aux}
    given, saved = (tmp_path / f"{part}{SUFFIXES[room.name]}" for part in ("given", "saved"))
    convert(source, given, name)
    net = room.package.network(name, **options)
    open_file(room, net, given)
    for key, array in room.weights.get_arrays(net).items():
        np.testing.assert_array_equal(array, arrays[key])
    save_file(room, net, saved)
    convert(saved, tmp_path / "back.safetensors", name)
    back, _ = weights.read(tmp_path / "back.safetensors")
    assert back.keys() == arrays.keys()
    for key, array in back.items():
        np.testing.assert_array_equal(array, arrays[key])
