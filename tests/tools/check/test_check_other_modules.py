"""Networks whose modules differ from the published ones in several ways at once."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from cli import call
from test_check import check
from test_check_people import LAZY, written

from common.networks import network
from common.spec.planner import make_plan
from common.tools.check.block_changes import fewer_blocks
from common.tools.check.match import wanted_shapes

FEWER = {
    **LAZY,
    "(192, 64, 96, 128, 16, 32, 32), (256, ": "(192, ",
    "unit(i, f, 1)": "unit(i, a, 1)",
}
JOINED = "return cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1)"
POOL = "self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), unit(i, f, 1))"
GATE = (
    "Flatten(), nn.Linear(a + c + e + f, 8), nn.ReLU(), nn.Linear(8, a + c + e + f), nn.Sigmoid()"
)
ATTENTION = {
    POOL: f"{POOL}\n        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.{GATE})",
    JOINED: f"{JOINED.replace('return', 'y =')}\n        return y * self.gate(y)[:, :, None, None]",
}
SCALED = "each channel scaled image by image, as in squeeze-and-excitation"
# The edits of the source, and the decisions: kind, name, yours, and number of places.
NETWORKS = {
    "a module less, and a width taken from a different branch": (
        FEWER,
        [
            ("mistake", "module missing", "none", 1),
            ("mistake", "convolution: channels", "128, 192, 160, 112, 256, 384", 8),
        ],
    ),
    "a leaky ReLU with a slope of its own": (
        {"return nn.ReLU()": "return nn.LeakyReLU(0.05)"},
        [("mistake", "ReLU replaced", "leaky ReLU of 0.05", 57)],
    ),
    "squeeze-and-excitation": (ATTENTION, [("mistake", SCALED, SCALED, 9)]),
    "modules that no change explains": (
        {JOINED: f"{JOINED}.cumsum(1)"},
        [("mistake", "unexplained", "without counterpart: no convolution", 14)],
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_each_decision_is_named_once(tmp_path, name):
    edits, wanted = NETWORKS[name]
    found = check(written(tmp_path, edits), "--input", "3x64x64", code=1)["differences"]
    own = [(each["kind"], each["what"], each["yours"], len(each["places"])) for each in found]
    assert own == wanted


@pytest.mark.long
def test_kernels_branches_and_a_pool_are_explained_together(tmp_path):
    """The long branch has each 1x7 for a 7x1 and the other way round, the short one two 1x7."""
    _, text, _ = call("source", "inception_v4", "-f", "pytorch", "--input", "3x107x107")
    start, end = text.index("class ModuleB"), text.index("class ReductionB")
    block = text[start:end]
    across, down = "(1, 7), padding=(0, 3)", "(7, 1), padding=(3, 0)"
    short, long = block.split("self.branch2")
    short = short.replace(down, across)
    long = long.replace(across, "ACROSS").replace(down, across).replace("ACROSS", down)
    text = text[:start] + f"{short}self.branch2{long}" + text[end:]
    conv, pool = "self.conv = ConvNorm(192, 192, 3, stride=2)", "self.maxpool = nn.MaxPool2d(3, 2)"
    both = f"        {conv}\n        {pool}\n"
    assert both in text
    text = text.replace(both, f"        {pool.replace('(3, 2)', '(2, 2)')}\n        {conv}\n")
    first = "        self.branch0 = ConvNorm(384, 96, 1)\n"
    [last] = re.findall(r" {8}self\.branch3 = .*\n.*ConvNorm\(384, 96, 1\)\n {8}\)\n", text)
    text = text.replace(last, "").replace(first, last + first)
    file = tmp_path / "mine.py"
    file.write_text(text)
    found = check(file, "--input", "3x107x107", code=1)["differences"]
    assert [(each["what"], len(each["places"])) for each in found] == [
        ("max pool: kernel", 1),
        ("order of branches", 1),
        ("order of branches", 4),
        ("1xn and nx1 swapped", 35),
    ]


PARTS = """
from keras import Input, Model, layers


def block(x):
    for _ in range(4):
        x = layers.Conv2D(8, 3, padding="same")(x)
    return x


def network(input_shape, classes):
    image = Input(input_shape)
    y = layers.MaxPooling2D({pool})(block(image))
    return Model(image, layers.Dense(classes)(layers.Flatten()(y)))
"""


@pytest.mark.parametrize(
    ("pool", "text"),
    [
        (250, "compared: 5 layers with weights (5 x conv)"),  # made at 299 x 299
        (900, "line 13: ValueError: Exception encountered when calling MaxPooling2D"),
    ],
)
def test_a_part_is_not_read_instead_of_a_network_that_fails(tmp_path, pool, text):
    file = tmp_path / "mine.py"
    file.write_text(PARTS.format(pool=pool))
    code, _, error = call("check", file)
    assert code == 4
    assert text in error


@pytest.mark.parametrize(
    ("left_out", "places"),
    [(("block11.",), [("block11",)]), (("conv3.", "conv4.", "block12.shortcut."), [])],
)
def test_blocks_are_missing_only_where_their_layers_are(left_out, places):
    xception = network("xception")
    shapes = wanted_shapes(make_plan(xception)).items()
    calls = [
        SimpleNamespace(kind=kind, shape=shape, output=np.zeros((1, 1, 1, 1)))
        for name, (kind, shape) in shapes
        if not name.startswith(left_out)
    ]
    facts = SimpleNamespace(trace=SimpleNamespace(calls=calls))
    assert [each.places for each in fewer_blocks(xception, facts)] == places


BUILDER = """
from keras import Input, Model, layers


class Nets:
    def __init__(self, num_cls):
        self.classes = num_cls

    def {name}(self):
        image = Input((8, 8, 3))
        return Model(image, layers.Dense(self.classes)(layers.Conv2D(4, 3)(image)))
"""


@pytest.mark.parametrize("name", ["__call__", "__GoogLeNet"])
def test_a_method_builds_a_network_whatever_its_underscores(tmp_path, name):
    file = tmp_path / "mine.py"
    file.write_text(BUILDER.format(name=name))
    code, _, error = call("check", file)
    assert code == 4
    assert "compared: 2 layers with weights" in error


MISSING = """
from torch import nn
from no_such_layers import Rearrange


class Part(nn.Sequential):
    def __init__(self, in_channels):
        super().__init__(*[nn.Conv2d(in_channels, 3, 1) for _ in range(4)])


class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.net = nn.Sequential(Part(3), Rearrange(), nn.Linear(3, num_classes))
"""


def test_a_part_is_not_read_instead_of_a_class_that_needs_a_missing_module(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(MISSING)
    code, _, error = call("check", file)
    assert code == 4
    assert "module no_such_layers is required by the network; install it, or copy it" in error


def test_an_empty_result_is_an_error(tmp_path):
    file = written(tmp_path, {"return self.top(self.maps(x))": "return self.top(self.maps(x))[:0]"})
    code, _, error = call("check", file, "--input", "3x64x64")
    assert code == 4
    assert "mine.py: the network returns an empty array" in error
