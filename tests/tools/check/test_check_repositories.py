"""Networks as they lie in repositories: which of a file's networks is read, and what is named."""

import sys
from pathlib import Path

import numpy as np
import pytest
from cli import call
from test_check import check
from test_check_homework import FOLDER, HOMEWORK
from test_check_people import written

from common import networks
from common.spec.planner import make_plan
from common.tools.check.arguments import fill
from common.tools.check.choose import is_dropped
from common.tools.check.differences import is_activated
from common.tools.check.graph import draw
from common.tools.check.old_names import OldNames

UNIT = "nn.Sequential(nn.Conv2d(i, o, k, s, p), act())"
NORMED = "nn.Sequential(nn.Conv2d(i, o, k, s, p), nn.BatchNorm2d(o), act())"
BEHIND = "nn.Sequential(nn.Conv2d(i, o, k, s, p), act(), nn.BatchNorm2d(o))"
ONE = "self.one = nn.Sequential(nn.Conv2d(i, a, 1), act())"
FIVE = "nn.Conv2d(i, o, 3, 1, 1), nn.BatchNorm2d(o, o), act(), unit(o, o, 3, p=1)"
# The edits of the source, the input size, and the decisions after those of batch norm.
NETWORKS = {
    "an eps that is the number of channels in one branch": (
        {UNIT: NORMED, "return unit(i, o, 5, p=2)": f"return nn.Sequential({FIVE})"},
        64,
        [("mistake", "batch norm: eps", 9)],
    ),
    "no batch norm in the first branch": (
        {UNIT: BEHIND, "self.one = unit(i, a, 1)": ONE},
        64,
        [("mistake", "batch norm missing", 9)],
    ),
    "an average pool of its own before the classifier": (
        {"nn.AdaptiveAvgPool2d(1)": "nn.AvgPool2d(2)", "Linear(1024": "Linear(4096"},
        128,
        [("mistake", "global average pool replaced", 1)],
    ),
    "LRN of two channels": (
        {"pool(), unit(64, 64, 1)": "pool(), nn.LocalResponseNorm(2), unit(64, 64, 1)"},
        64,
        [("mistake", "extra LRN", 1)],
    ),
    "no activation at all, and a padding": (
        {
            UNIT: "nn.Conv2d(i, o, k, s, p)",
            "nn.MaxPool2d(3, 2, ceil_mode=True)": "nn.MaxPool2d(3, 2, 1)",
        },
        64,
        [("mistake", "ReLU missing", 57)],
    ),
    "a ReLU before the softmax, which would hide it from large scores": (
        {"Linear(1024, num_classes)": "Linear(1024, num_classes), act(), nn.Softmax(1)"},
        64,
        [
            ("mistake", "extra ReLU", 1),
            ("mistake", "extra softmax", 1),
        ],
    ),
    "the dropout of a variant that is no nearer otherwise": (
        {
            "nn.MaxPool2d(3, 2, ceil_mode=True)": "nn.MaxPool2d(3, 2, 1)",
            "Linear(1024, num_classes)": "Linear(1024, num_classes), nn.Softmax(1)",
        },
        64,
        [("mistake", "extra softmax", 1)],
    ),
}  # fmt: skip
OF_NORMS = (
    "batch norm after every convolution",
    "batch norm: eps in all",
    "convolutions: biases",
    "ReLU and batch norm swapped",
    "two 3x3 convolutions for each 5x5",
)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_a_repository_is_described_in_few_decisions(tmp_path, name):
    edits, size, wanted = NETWORKS[name]
    found = check(written(tmp_path, edits), "--input", f"3x{size}x{size}", code=1)
    own = [each for each in found["differences"] if not each["what"].startswith(OF_NORMS)]
    assert [(e["kind"], e["what"], len(e["places"])) for e in own] == wanted


def test_what_leads_to_an_unexplained_layer_is_not_called_equal(tmp_path):
    edits = {"self.top(self.maps(x))": "self.top(self.maps(x).cumsum(1))"}
    code, out, _ = call("check", written(tmp_path, edits), "--input", "3x64x64")
    equal = next(line for line in out.splitlines() if line.startswith("equal: "))
    assert code == 1
    assert "unexplained" in out
    assert "inception5a" in equal
    assert not {"flatten", "dropout", "fc"} & set(equal.removeprefix("equal: ").split(", "))


BLOCKS = """
from torch import nn

class Start(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(160, 64, 1)

    def forward(self, x):
        return self.body(x)

class End(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(64, 10, 1)

    def forward(self, x):
        return self.body(x)
"""
WHOLE = """
class Net(nn.Module):
    def __init__(self, conf):
        super().__init__()
        self.body = nn.Sequential(Start(), End(), nn.Conv2d(10, conf["classes"], 1))
"""
MAKER = """
def whole(num_classes, in_channels):
    return nn.Sequential(nn.Conv2d(in_channels, 160, 1), Start(), End())
"""


def test_blocks_are_not_read_in_the_place_of_a_network_that_needs_arguments(tmp_path):
    (tmp_path / "mine.py").write_text(BLOCKS + WHOLE)
    code, _, error = call("check", tmp_path / "mine.py")
    assert code == 4
    assert "specify how to create its network with --call 'Net(conf=...)'" in error


def test_a_function_is_preferred_to_the_blocks_that_it_uses(tmp_path):
    (tmp_path / "mine.py").write_text(BLOCKS + MAKER)
    code, _, error = call("check", tmp_path / "mine.py")
    assert code == 4
    assert "to be compared: 3 layers with weights" in error


RESIZED = """

class Resized(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.net = Net(3, num_classes)

    def forward(self, x):
        return self.net(nn.functional.interpolate(x, (64, 64), mode="bilinear"))
"""


def test_a_network_that_resizes_images_is_read_at_their_size(tmp_path):
    file = written(
        tmp_path, {"return self.top(self.maps(x))": f"return self.top(self.maps(x)){RESIZED}"}
    )
    found = check(file)
    assert found["compared"]["input"] == [3, 64, 64]
    assert "the network itself resizes images to 64 x 64" in found["notes"]


def test_of_functions_that_call_each_other_the_outer_one_is_read(tmp_path):
    file = Path(tmp_path) / "mine.py"
    file.write_text(BLOCKS + MAKER + "def create(n=7):\n    return whole(n, 160)\n")
    code, _, error = call("check", file)
    assert code == 4
    assert error.count("running") == 1


def test_branches_in_branches_are_followed_once(tmp_path):
    """Of 30 modules of two branches, there are a billion paths."""
    file = Path(tmp_path) / "mine.py"
    file.write_text(
        "from keras import layers\n\ndef body(inputs):\n    x = layers.Conv2D(8, 1)(inputs)\n"
        "    for _ in range(30):\n        x = layers.add([layers.ReLU()(x), layers.ReLU()(x)])\n"
        "    return layers.Conv2D(8, 1)(x)\n"
    )
    code, _, error = call("check", file, "--limit", "60")
    assert code == 4
    assert "to be compared: 2 layers with weights" in error


def test_an_error_at_every_size_is_not_put_on_the_size(tmp_path):
    edits = {
        "def forward(self, x):\n        return self": "def call(self, x):\n        return self"
    }
    code, _, error = call("check", written(tmp_path, edits))
    assert code == 4
    assert 'missing the required "forward" function' in error
    assert "--input" not in error


def test_an_error_names_the_line_that_called_the_layer(tmp_path):
    text = Path(written(tmp_path, {"unit(i, d, 1), five(d, e)": "unit(i, d, 1), five(e, e)"}))
    lines = text.read_text().splitlines()
    number = lines.index("        return self.top(self.maps(x))") + 1
    code, _, error = call("check", text)
    assert code == 4
    assert f"(called in line {number})" in error


def takes(include_top=True, input_shape=None, classes=1000): ...


def test_a_network_of_any_input_gets_a_usual_one():
    assert fill(takes, (3, 299, 299), 1000, heads=False) == {"input_shape": (299, 299, 3)}


def test_a_function_with_the_name_of_an_old_module_is_a_function(monkeypatch):
    class Names:
        other = 7

    for name in ("no_such_frames", "no_such_frames.join"):
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
    modules = dict.fromkeys(("no_such_frames", "no_such_frames.join"), Names)
    OldNames(title="Frame", modules=modules, names={("no_such_frames", "join"): sum}).install("")
    assert sys.modules["no_such_frames"].join is sum
    assert sys.modules["no_such_frames.join"].other == 7


def test_pools_take_a_padding_in_capitals_as_they_once_did(tmp_path):
    file = Path(tmp_path) / "mine.py"
    text = (FOLDER / "tensorflow_2.txt").read_text()
    file.write_text(text.replace('(3, 2, "same")', '(3, 2, padding="SAME")'))
    found = check(str(file), code=1)
    wanted = [each[:2] for each in HOMEWORK["tensorflow_2"]]
    assert [(each["kind"], each["what"]) for each in found["differences"]] == wanted


def test_a_map_behind_a_dropout_at_work_is_recognised():
    x = np.linspace(1, 2, 24).reshape(2, 12)
    kept = np.arange(24).reshape(2, 12) % 3 > 0
    assert is_dropped(x * kept / 0.6, x)
    assert not is_dropped(x / 0.6, x)
    assert not is_dropped(x**2 * kept, x)
    assert not is_dropped(np.zeros_like(x), x)


def test_a_relu_before_a_flatten_is_one_behind_it():
    names = ("googlenet.paper", "googlenet.paddle")
    graphs = {name: draw(make_plan(networks.network(name, aux=True))) for name in names}
    assert is_activated(graphs["googlenet.paper"], "aux1.flatten")
    assert not is_activated(graphs["googlenet.paddle"], "aux1.flatten")
