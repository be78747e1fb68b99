"""Each framework loads the weights files that we write, and we read those that it writes."""

import numpy as np
import pytest
from checkpoints import ours, variant

from common.files import weights
from common.tools.zoo.convert import convert

SUFFIXES = {"pytorch": ".pth", "tensorflow": ".weights.h5", "paddle": ".pdparams"}


def open_file(impl, net, path):
    """Loads a file with the framework, as its users do."""
    if impl.name == "pytorch":
        import torch

        net.load_state_dict(torch.load(path, weights_only=True), strict=True)
    elif impl.name == "tensorflow":
        net.load_weights(path)
    else:
        import paddle

        missing, unknown = net.set_state_dict(paddle.load(str(path)))
        # A batch norm without a scale has a placeholder, which stays 1.
        assert [name for name in missing if not name.endswith(".bn.weight")] == []
        assert unknown == []


def save_file(impl, net, path):
    """Saves a file with the framework, as its users do."""
    if impl.name == "pytorch":
        import torch

        torch.save(net.state_dict(), path)
    elif impl.name == "tensorflow":
        net.save_weights(path)
    else:
        import paddle

        paddle.save(net.state_dict(), str(path))


@pytest.mark.filterwarnings("ignore:Skip loading:UserWarning")
@pytest.mark.parametrize("name", ["googlenet", "googlenet.slim", "googlenet.torchvision"])
def test_the_framework_opens_what_is_written_and_writes_what_is_read(impl, tmp_path, name):
    source, arrays = ours(tmp_path, name)
    plan, _ = variant(name)
    options = {"input": plan.spec.input, "classes": 7, "aux": plan.spec.aux}
    given, saved = (tmp_path / f"{part}{SUFFIXES[impl.name]}" for part in ("given", "saved"))
    convert(source, given, name)
    net = impl.package.network(name, **options)
    open_file(impl, net, given)
    for key, array in impl.weights.get_arrays(net).items():
        np.testing.assert_array_equal(array, arrays[key])
    save_file(impl, net, saved)
    convert(saved, tmp_path / "back.safetensors", name)
    back, _ = weights.read(tmp_path / "back.safetensors")
    assert back.keys() == arrays.keys()
    for key, array in back.items():
        np.testing.assert_array_equal(array, arrays[key])
