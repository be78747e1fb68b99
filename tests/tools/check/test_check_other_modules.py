"""Networks whose modules differ from the published ones in several ways at once."""

import re
from pathlib import Path
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
LAST = """    (528, 256, 160, 320, 32, 128, 128), 0,
    (832, 256, 160, 320, 32, 128, 128), (832, 384, 192, 384, 48, 128, 128),"""
UNIT = "nn.Sequential(nn.Conv2d(i, o, k, s, p), act())"
NORMED = "nn.Sequential(nn.Conv2d(i, o, k, s, p, bias=False), nn.BatchNorm2d(o, 1e-3), act())"
# The edits of the source, and the decisions: kind, name, yours, and number of places.
NETWORKS = {
    "the last modules missing, and one more linear layer": (
        {
            LAST: "    (528, 256, 160, 320, 32, 128, 128),",
            "nn.Linear(1024,": "nn.Linear(832, 99), nn.ReLU(), nn.Linear(99,",
        },
        [
            ("mistake", "module missing", "none", 1),
            ("mistake", "module missing", "none", 1),
            ("mistake", "max pool missing", "none", 1),
            ("mistake", "extra ReLU", "ReLU", 1),
            ("mistake", "extra linear layer", "extra linear layer", 1),
        ],
    ),
    "a border of zeros that batch norm shifts": (
        {UNIT: NORMED, "64, 64, 1)": "64, 64, 1, p=1)"},
        [
            ("convention", "batch norm after every convolution", "batch norm", 114),
            ("mistake", "convolution: padding", "1", 1),
        ],
    ),
    "max pools with a padding whose sizes are rounded up": (
        {"3, 2, ceil_mode": "3, 2, 1, ceil_mode"},
        [("mistake", "max pool: padding", "1, rounded up", 1)],
    ),
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
    "two modules swapped, and one more linear layer": (
        {
            "(512, 160, 112, 224, 24, 64, 64),\n    (512, 128, 128, 256, 24, 64, 64)": (
                "(512, 128, 128, 256, 24, 64, 64), (512, 160, 112, 224, 24, 64, 64)"
            ),
            "nn.Linear(1024,": "nn.Linear(1024, 99), nn.ReLU(), nn.Linear(99,",
        },
        [
            ("mistake", "modules swapped", "inception4c, inception4b", 2),
            ("mistake", "extra ReLU", "ReLU", 1),
            ("mistake", "extra linear layer", "extra linear layer", 1),
        ],
    ),
    "modules of equal widths missing, of which the pool shows which": (
        {
            "(512, 160, 112, 224, 24, 64, 64),\n    (512, 128, 128, 256, 24, 64, 64), "
            "(512, 112, 144, 288, 32, 64, 64),\n    (528, 256, 160, 320, 32, 128, 128), 0,\n"
            "    (832,": "0, (512,",
            "unit(in_channels, 64, 7, 2, 3), pool(), unit(64, 64, 1)": (
                "unit(in_channels, 64, 3, 2, 1), unit(64, 64, 3, p=1)"
            ),
        },
        [
            *(("mistake", "module missing", "none", 1) for _ in range(4)),
            ("choice", "different stem", "3x3/2 64, 3x3 64, 3x3 192, pool 3x3/2", 7),
        ],
    ),
    "no ReLU but in the stem, of which a convolution is missing": (
        {
            "unit(64, 64, 1), ": "",
            "stem = [unit": "global act\n        act = nn.ReLU\n        stem = [unit",
            "body = [Block": "act = nn.Identity\n        body = [Block",
        },
        [
            ("mistake", "convolution missing", "none", 1),
            ("mistake", "ReLU missing", "none", 54),
        ],
    ),
    "another order of branches, and a dropout that is always active": (
        {
            JOINED: "return cat([self.pool(x), self.one(x), self.three(x), self.five(x)], 1)",
            "nn.Dropout(0.4),": "Always(),",
            "class Block": (
                "class Always(nn.Module):\n    def forward(self, x):\n"
                "        return nn.functional.dropout(x, 0.4)\n\n\nclass Block"
            ),
        },
        [
            ("mistake", "order of branches", "branch4, branch1, branch2, branch3", 9),
            ("mistake", "active dropout", "active dropout", 1),
        ],
    ),
    "modules that no change explains": (
        {JOINED: f"{JOINED}.cumsum(1)"},
        [("mistake", "unexplained", "without counterpart", 14)],
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_each_decision_is_named_once(tmp_path, name):
    edits, wanted = NETWORKS[name]
    found = check(written(tmp_path, edits), "--input", "3x64x64", code=1)["differences"]
    own = [(e["kind"], e["what"], e["yours"].split(": ")[0], len(e["places"])) for e in found]
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


def test_an_empty_result_is_an_error(tmp_path):
    file = written(tmp_path, {"return self.top(self.maps(x))": "return self.top(self.maps(x))[:0]"})
    code, _, error = call("check", file, "--input", "3x64x64")
    assert code == 4
    assert "mine.py: the network returns an empty array" in error


def test_the_line_of_an_extra_layer_is_its_own(tmp_path):
    edits = {"pool(), unit(64, 64, 1)": "pool(),\n  nn.BatchNorm2d(64), unit(64, 64, 1)"}
    file = written(tmp_path, edits)
    [found] = check(file, "--input", "3x64x64", code=1)["differences"]
    lines = Path(file).read_text().splitlines()
    [line] = [n for n, text in enumerate(lines, 1) if text.startswith("  nn.BatchNorm2d(64)")]
    assert (found["what"], found["lines"][0]) == ("extra batch norm", line)
