"""The size of the input at which a network is traced, and the network of several that is read."""

from dataclasses import replace

import pytest
from cli import call

from common.errors import DataError
from common.tools.check.check_jobs import Check
from common.tools.check.input_size import trace_at_a_size

JOB = Check(framework="pytorch", source="mine.py")


def sizes_tried(**fields):
    """The sizes at which a network of five channels is tried, which then runs at none."""
    tried = []

    def attempt(size):
        tried.append(size)
        text = "has other rows" if size[0] == 5 else f"expects 5 channels but got {size[0]}"
        raise DataError(f"mine.py, line 9: the layer {text}")

    with pytest.raises(DataError, match="line 9"):
        trace_at_a_size(replace(JOB, **fields), None, [], attempt)
    return tried


def test_the_channels_that_the_first_layer_expects_are_tried_at_all_sizes():
    tried = sizes_tried()
    assert (3, 224, 224) in tried
    assert (1, 28, 28) in tried
    assert {size for size in tried if size[0] == 5} >= {(5, 224, 224), (5, 28, 28)}
    assert sizes_tried(input=(3, 96, 96)) == [(3, 96, 96)]


NETS = """
from torch import nn
from pytorch_impl import network

class Frames(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Image()

    def forward(self, x):
        frames, channels, rows, columns = x.shape[1:]
        return self.net(x[:, 0])

class Image(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = network("googlenet", input=(3, 64, 64), classes=10)

    def forward(self, x):
        return self.body(x)
"""


def test_of_a_network_that_does_not_run_the_part_that_may_is_named(tmp_path):
    (tmp_path / "mine.py").write_text(NETS)
    code, _, error = call("check", tmp_path / "mine.py")
    assert code == 4
    assert "mine.py:Image checks another network of the file" in error


LOADS = """
from torch import nn

class Unit(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 3, 1))

class Module(nn.Sequential):
    def __init__(self):
        super().__init__(Unit(), Unit())

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(Module(), Module())
        self.load_state_dict(self.weights)
"""


def test_a_network_that_loads_weights_is_not_replaced_by_its_parts(tmp_path):
    (tmp_path / "mine.py").write_text(LOADS)
    code, _, error = call("check", tmp_path / "mine.py")
    assert code == 4
    assert "line 15: AttributeError: 'Net' object has no attribute 'weights'" in error


TWICE = """
from tensorflow.python.keras.layers import Input
from tensorflow.keras import Sequential, layers

class Block(layers.Layer):
    def __init__(self, block):
        super().__init__()
        self.body = layers.Conv2D(4, 1)

    def call(self, x):
        return self.body(x)

    def get_config(self):
        raise NotImplementedError

class Net:
    def __init__(self):
        steps = [Block(1), Block(2), layers.GlobalAveragePooling2D(), layers.Dense(7)]
        self.net = Sequential([Input((8, 8, 3)), *steps])

    def build(self):
        return self.net
"""


def test_one_network_that_two_names_make_is_read_once_also_with_names_hidden_by_tensorflow(
    tmp_path,
):
    (tmp_path / "mine.py").write_text(TWICE)
    code, out, error = call("check", tmp_path / "mine.py")
    assert (code, out) == (4, "")
    assert error.count("compared: 3 layers with weights") == 1
