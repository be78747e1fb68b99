"""`check` suggests fixes where a network does not run."""

import ast
from pathlib import Path

import pytest
from cli import call
from test_check_people import written

from common.tools.check.hints import with_hint
from common.tools.check.user_file import with_likely

MODEL = "import torchvision.models as models\n\nnet = models.{}(pretrained={})\n"
NONE = "mine.py defines no PyTorch network (instance, class or function)"
NESTED = """
class Net(nn.Module):
    def __init__(self):
        self.body = nn.Conv2d(3, 8, 1)

        def forward(self, x):
            return self.body(x)
"""
MISSING = 'NotImplementedError: Module [Net] is missing the required "forward" function'
TWICE = """
class Net(Layer):
    def __init__(self):
        self.one = Block(192, 256)
        self.two = Block(256, 480)

    def forward(self, x):
        return self.two(self.two(x))
"""
WRONG = "mine.py, line 8: the layer expects 256 channels"
UNDEFINED = "net = Net(Block)\nfor n in range(3):\n    f = lambda x: Other(x, n)\n"
# An error, the source, the modules that are not installed, and the hint.
HINTS = {
    "a network of torchvision": (
        (NONE, MODEL.format("googlenet", True), ["torchvision"]),
        "; line 3 loads torchvision's googlenet (which rescales its images, transform_input), "
        "called googlenet.torchvision here; install torchvision to check",
    ),
    "one without its weights": (
        (NONE, MODEL.format("inception_v3", False), ["torchvision"]),
        "; line 3 loads torchvision's inception_v3, called inception_v3 here; install",
    ),
    "another network": ((NONE, MODEL.format("vgg16", True), ["torchvision"]), ""),
    "an installed package": ((NONE, MODEL.format("googlenet", True), []), ""),
    "a network of timm": (
        (NONE, "net = timm.create_model('xception.tf_in1k')", ["timm"]),
        "; line 1 loads timm's xception, called xception.timm here; install timm",
    ),
    "a nested forward": (
        (MISSING, NESTED, []),
        "; line 6 defines forward inside __init__, so Net has no forward: indent it like __init__",
    ),
    "a misspelled forward": (
        (MISSING, NESTED.replace("    def forward", "def foward"), []),
        "; line 6 defines foward: rename it to forward",
    ),
    "a misspelled __init__": (
        (NONE, NESTED.replace("__init__", "__int__"), []),
        "; line 3 defines __int__: rename it to __init__",
    ),
    "layers that are created in call": (
        (NONE, "class Block(Layer):\n    def call(self, x):\n        return Conv2D(8, 3)(x)", []),
        "; line 3 creates Conv2D in call: create the layers in __init__, which keeps their "
        "weights, and join them in one network",
    ),
    "a layer used twice": (
        (WRONG, TWICE, []),
        "; line 8 calls two on its own result; created but never used: one (line 4)",
    ),
    "layers used without their names": (
        (WRONG, TWICE.replace("self.two(self.two(x))", "[f(x) for f in self.children()]"), []),
        "",
    ),
    "names that nothing defines": (
        ("line 1: NameError: name 'Net' is not defined", UNDEFINED, []),
        "; undefined names: Net, Block, Other; define or import them",
    ),
    "names that a star import may define": (
        ("line 1: NameError: name 'Net' is not defined", "from nets import *\nnet = Net()", []),
        "",
    ),
    "a layer of a module that is not installed": (
        ("Invalid dtype: <not installed: LRN2D.dtype.name>", "import lrn", ["lrn"]),
        "; module lrn is required for LRN2D; install it, or copy it next to the file",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HINTS)
def test_an_error_says_what_to_do(name):
    (text, source, missing), wanted = HINTS[name]
    found = with_hint(text, ast.parse(source), missing)
    assert found.startswith(text + wanted)
    assert bool(wanted) == (found != text)


def test_a_misspelled_package_is_named():
    assert with_likely("troch.nn") == "troch.nn (a misspelling of torch?)"
    assert with_likely("torch.utils") == "torch.utils"
    assert with_likely("d2l") == "d2l"


def test_a_layer_of_another_width_fails_in_one_line_whatever_the_size(tmp_path):
    file = Path(written(tmp_path, {"unit(i, d, 1), five(d, e)": "unit(i, d, 1), five(e, e)"}))
    code, _, error = call("check", file)
    assert code == 4
    assert "the layer expects 32 channels but got 16" in error
    assert "--input" not in error


def test_a_stand_in_that_the_network_needs_is_named(tmp_path):
    edits = {"pool(), unit(64, 64, 1)": "pool(), LRN(5), unit(64, 64, 1)"}
    file = Path(written(tmp_path, edits))
    file.write_text(f"from no_such_layers import LRN\n{file.read_text()}")
    code, _, error = call("check", file)
    assert code == 4
    assert "module no_such_layers is required by the network; install it, or copy it" in error


PARTS = """
from torch import nn
import helpers

first = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU())
second = nn.Sequential(nn.Conv2d(64, 64, 3), nn.ReLU())
last = nn.Sequential(nn.Conv2d(64, 10, 3), helpers.Pool())
net = nn.Sequential(first, second, last)
"""


def test_parts_that_could_not_be_joined_are_not_read_as_the_network(tmp_path):
    (tmp_path / "mine.py").write_text(PARTS)
    code, _, error = call("check", tmp_path / "mine.py")
    assert code == 4
    assert "line 7" in error
    assert "helpers is required by the network" in error
