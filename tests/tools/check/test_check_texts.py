"""`check` prints a decision with its places, its values and the code for the layer."""

from types import SimpleNamespace

import pytest
from cli import call
from test_check_people import written

from common.command.check_report import decision_lines
from common.networks import network
from common.spec.planner import make_plan
from common.tools.check.decisions import decisions
from common.tools.check.describe import Difference
from common.tools.check.document import published_count
from common.tools.check.proposals import widths_of

PLAN = make_plan(network("googlenet"))
MODULES = [child.path for child in PLAN.body.children if child.path.startswith("inception")]


def told(*found, framework="pytorch", language="en"):
    """The lines about the one decision that these differences are."""
    (decision,) = decisions(found, is_small=False)
    return list(decision_lines(1, decision, SimpleNamespace(plan=PLAN), language, framework))


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([f"{m}.branch4.0" for m in MODULES], "branch4.0 in all 9 modules"),
        (MODULES, "in all 9 modules"),
        (
            [f"{m}.branch{b}.0" for m in MODULES for b in (2, 3)] + ["conv1.conv"],
            "in all 9 modules (18 layers), conv1.conv",
        ),
        (["inception3a.branch4.0"], "inception3a.branch4.0"),
    ],
)
def test_the_places_of_a_decision_are_told_without_a_list(places, expected):
    found = [
        Difference(layer=place, what="max pool replaced", yours="none", table="max pool")
        for place in places
    ]
    assert told(*found)[1] == f"   where: {expected}"


def test_a_missing_layer_is_placed_between_its_neighbours():
    lines = told(
        Difference(layer="maxpool3", what="max pool missing", yours="none", table="max pool")
    )
    assert lines[1] == "   where: maxpool3 (between inception3b and inception4a)"


def test_the_widths_of_a_row_are_all_told():
    own, table = (256, 160, 320, 32), (384, 192, 384, 48)
    names = "branch1.conv", "branch2.0.conv", "branch2.1.conv", "branch3.0.conv"
    lines = told(*(
        Difference(
            layer=f"inception5b.{name}",
            what="convolution: channels",
            yours=str(one),
            table=str(other),
        )
        for name, one, other in zip(names, own, table, strict=True)
    ))  # fmt: skip
    assert "columns #1x1, #3x3 reduce, #3x3, #5x5 reduce of table 1" in lines[1]
    assert lines[2] == "   yours: 256, 160, 320, 32; reference: 384, 192, 384, 48"


@pytest.mark.parametrize(
    ("framework", "table", "expected"),
    [
        ("tensorflow", "3", 'layers.ZeroPadding2D(3) before it, and padding="valid"'),
        ("pytorch", "3", "padding=3"),
        ("pytorch", "SAME", None),
    ],
)
def test_what_to_write_depends_on_the_value_and_the_framework(framework, table, expected):
    each = Difference(layer="conv1.conv", what="convolution: padding", yours="0", table=table)
    written = [line for line in told(each, framework=framework) if line.startswith("   write: ")]
    assert written == ([f"   write: {expected}"] if expected else [])


def test_a_missing_module_comes_with_its_row():
    row = network("googlenet"), "inception4e"
    assert widths_of(*row) == [256, 160, 320, 32, 128, 128]


def test_the_count_is_that_of_the_published_network():
    changed = network("googlenet.d2l", classes=10)
    plan = make_plan(changed)
    assert published_count(plan) == plan.parameter_count
    fewer = {n: layer for n, layer in changed.body.layers.items() if n != "inception4e"}
    body = type(changed.body)(fewer)
    smaller = SimpleNamespace(spec=changed, body=body, parameter_count=1)
    assert published_count(smaller) == plan.parameter_count


def test_outputs_that_are_not_compared_are_counted(tmp_path):
    edits = {"return self.top(self.maps(x))": "y = self.top(self.maps(x))\n        return y, y + 1"}
    code, out, _ = call("check", written(tmp_path, edits), "--input", "3x64x64")
    assert code == 0
    assert "not compared: 1 of the outputs (--aux compares auxiliary heads)\n" in out
