"""The size of images at which a network is checked, where the file or the network decides it."""

import ast
from types import SimpleNamespace

import pytest
from cli import call
from test_check_people import LAZY, written

from common.tools.check.check_work import copier
from common.tools.check.named_sizes import named_sizes
from common.tools.check.source_lines import Lines

NAMED = {
    "net(torch.randn(1, 3, 96, 97))": [(3, 96, 97)],
    "net(torch.zeros((8, 1, 48, 48)))": [(1, 48, 48)],
    "summary(net, (3, 64, 64))": [(3, 64, 64)],
    "build(input_shape=(48, 50, 1), n=6)": [(1, 48, 50)],
    "x = layers.Input([32, 32, 3])": [(3, 32, 32)],
    "f(np.ones((2, 75, 75, 3)))\ng(torch.rand(1, 3, 99, 99))": [(3, 75, 75), (3, 99, 99)],
    "nn.Conv2d(3, 64, 64, 64)": [],
    "torch.zeros(3, 3, 64, 64)\ntorch.zeros(8, 64, 3, 3)": [(3, 64, 64)],
    "build(input_shape=(None, None, 3))": [],
    "torch.randn(n, 3, 96, 96)": [],
    "resize(size=(96, 96))": [],
    "torch.zeros((1, 3, 8, 8))": [],
}


@pytest.mark.parametrize("text", NAMED)
def test_a_size_is_named_by_a_batch_or_a_shape(text):
    assert named_sizes(ast.parse(text)) == NAMED[text]


def test_a_notebook_or_module_without_source_names_none():
    assert named_sizes(None) == []


FIXED = {  # a last map of 3 x 3 has to be one value
    "nn.AdaptiveAvgPool2d(1)": "nn.AvgPool2d(2)",
    "return nn.MaxPool2d(3, 2, ceil_mode=True)": "return nn.MaxPool2d(3, 2)",
}


def test_the_size_that_a_file_names_is_tried(tmp_path):
    file = written(tmp_path, FIXED)
    with open(file, "a") as code:
        code.write("\n\ndef show(net):\n    print(net(torch.zeros(1, 3, 96, 96)))\n")
    code, out, _ = call("check", file)
    assert code == 1
    assert "input 3x96x96; " in out
    code, _, error = call("check", written(tmp_path, FIXED))
    assert code == 4
    assert "the linear layer expects 1024 values but got" in error


def test_the_first_size_tried_does_not_fix_a_lazy_network(tmp_path):
    """At 32 x 32, where the last map is one value, no pool would be missed."""
    file = written(tmp_path, LAZY | {"nn.AdaptiveAvgPool2d(1), ": ""})
    code, out, _ = call("check", file)
    assert code == 1
    assert "input 3x224x224; " in out
    assert "1. mistake: global average pool missing\n   where: avgpool (between inception5b" in out
    assert "equal: conv1, " in out


def test_a_copied_network_keeps_the_lines_of_its_layers():
    class Net(SimpleNamespace):
        pass

    net, lines = Net(part=Net()), Lines()
    lines.found[id(net.part)] = net.part, (7,)
    made = SimpleNamespace(net=net, again=None)
    checker = SimpleNamespace(parts=lambda each: [each.part])
    copied = copier(checker, made, lines)()
    assert copied is not net
    assert lines.of(copied.part) == (7,)
    net.part = (each for each in "generators cannot be copied")
    assert copier(checker, made, lines)() is net


LARGE = """
from keras import Input, Model, layers

def wide(input_shape, num_classes):
    x = image = Input(input_shape)
    for _ in range(9):
        x = layers.Conv2D(512, 1)(x)
    return Model(image, layers.Dense(num_classes)(layers.GlobalAveragePooling2D()(x)))
"""


def test_a_model_that_its_size_makes_huge_is_made_for_a_smaller_one(tmp_path):
    (tmp_path / "mine.py").write_text(LARGE)
    code, _, error = call("check", tmp_path / "mine.py")
    assert code == 4
    assert "10 layers with weights" in error
    assert "created with wide(input_shape=(32, 32, 3), num_classes=1000)" in error
