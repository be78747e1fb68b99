"""Networks written in a different style from ours are recognised all the same."""

import pytest
from test_check import check

from common.jobs.frameworks import FRAMEWORKS

WRITTEN = {  # in other styles: the call that builds it, and its name
    "nothing but functions": ("GoogLeNet()", "googlenet"),
    "functions with batch norm": ("GoogLeNet(norm=True)", "googlenet.torchvision"),
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("style", WRITTEN)
def test_network_of_functions_is_recognised(framework, style):
    made_by, name = WRITTEN[style]
    file = f"tests/styles/{framework}.py"
    found = check(file, "-f", framework, "--call", made_by, "--input", "3x64x64")
    assert (found["verdict"], found["same"], found["unused"]) == ("equal", [name], [])
    assert found["parameters"]["yours"] == found["parameters"]["table"]


LAZY = [("pytorch", "googlenet"), ("tensorflow", "googlenet"), ("tensorflow", "in_half")]


@pytest.mark.parametrize(("framework", "name"), LAZY)
def test_layers_without_sizes_are_recognised(framework, name):
    file = f"tests/styles/lazy_{framework}.py:{name}"
    found = check(file, "-f", framework, "--input", "3x64x64", "--grad")
    assert (found["verdict"], found["same"]) == ("equal", ["googlenet"])


def test_batch_norm_of_vectors_is_watched_in_paddle(tmp_path):
    file = tmp_path / "mine.py"
    name = "inception_resnet_v1.facenet"
    file.write_text(
        f"from paddle_impl import network\nnet = network({name!r}, input=(3, 107, 107))"
    )
    found = check(str(file), "-f", "paddle", "--input", "3x107x107", "--network", name)
    assert found["verdict"] == "equal"


def test_half_precision_hides_nothing():
    words = ("tests/styles/lazy_tensorflow.py:in_half_and_more", "-f", "tensorflow")
    [difference] = check(*words, "--input", "3x64x64", code=1)["differences"]
    assert (difference["layer"], difference["yours"]) == ("fc", "all values times 1.001")


PADDLE = """
import paddle
from paddle import nn
from paddle_impl import network


class Turned(nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 64, 7, 2, 3, data_format="NHWC")

    def forward(self, x):
        return self.conv(x.transpose([0, 2, 3, 1])).transpose([0, 3, 1, 2])


plain = network("googlenet", input=(3, 64, 64))
plain.conv1.conv = Turned()
net = paddle.jit.to_static(plain)
"""


def test_graph_of_paddle_with_channels_last_is_recognised(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(PADDLE)
    found = check(f"{file}:net", "-f", "paddle", "--input", "3x64x64")
    assert (found["verdict"], found["same"]) == ("equal", ["googlenet"])


def test_network_of_functions_needs_no_name():
    found = check("tests/styles/pytorch.py", "--input", "3x64x64", "--grad")
    assert (found["verdict"], found["same"]) == ("equal", ["googlenet"])


SEQUENTIAL = """
from torch import nn
from pytorch_impl import network


class Own(nn.Sequential):
    pass


net = KIND(KIND(network("googlenet", input=(3, 64, 64))), nn.Identity())
"""


@pytest.mark.parametrize("kind", ["nn.Sequential", "Own"])
def test_sequence_around_a_network_is_found(tmp_path, kind):
    """The sequence is found although some of its parts have the same type."""
    file = tmp_path / "mine.py"
    file.write_text(SEQUENTIAL.replace("KIND", kind))
    assert check(str(file), "--input", "3x64x64")["same"] == ["googlenet"]


def test_a_network_for_cifar_is_run_at_its_size(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("from pytorch_impl import googlenet\nnet = googlenet(input=(3, 32, 32))\n")
    found = check(str(file))
    assert found["verdict"] == "equal"
