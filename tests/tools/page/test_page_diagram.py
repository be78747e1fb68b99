"""The diagram of a network: every step and head once, in order, none over another."""

import re

import pytest
from cli import googlenet
from pages import NOBODY, full, steps

from common.networks import NETWORKS
from common.tools.page.diagram import ASIDE, BROADEST, MIDDLE, kinds, lay_out
from common.tools.page.layer_shapes import shows
from common.tools.page.render import Page, render


@pytest.mark.parametrize("name", NETWORKS)
def test_every_step_and_head_is_in_the_diagram_once(name):
    plan = full(name)
    drawn = lay_out(plan)
    body = [node.path for node in plan.body.children if shows(node)]
    assert [piece.node.path for piece in drawn.pieces] == [*body, *plan.heads]
    assert {p.node.path: p.after for p in drawn.pieces if p.after} == {
        head: plan.spec.heads[head].after for head in plan.heads
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_in_the_diagram_overlaps(name):
    drawn = lay_out(full(name))
    boxes = [box for piece in drawn.pieces for box in piece.picture.boxes]
    for place, one in enumerate(boxes):
        assert one.x >= MIDDLE - BROADEST / 2 - 1e-6
        assert one.x + one.width <= drawn.width
        assert one.y + one.height <= drawn.height
        for other in boxes[:place]:
            across = one.x + one.width <= other.x + 1e-6 or other.x + other.width <= one.x + 1e-6
            down = one.y + one.height <= other.y + 1e-6 or other.y + other.height <= one.y + 1e-6
            assert across or down, (one, other)
    for piece in drawn.pieces:
        inside = MIDDLE + BROADEST / 2
        assert piece.after or all(b.x + b.width <= inside + 1e-6 for b in piece.picture.boxes)
        assert not piece.after or all(b.x >= ASIDE for b in piece.picture.boxes)


def test_sums_repeats_and_widths_are_those_of_the_plan():
    drawn = {piece.node.path: piece for piece in lay_out(full("googlenet")).pieces}
    texts = [box.text for box in drawn["inception4a"].picture.boxes]
    assert "192 + 208 + 48 + 64 = 512" in texts
    assert texts.count("1×1") == 4
    widths = [drawn[path].picture.width for path in ("conv1", "conv3", "avgpool")]
    assert widths == sorted(set(widths))
    repeated = {piece.node.path: piece for piece in lay_out(full("inception_resnet_v2")).pieces}
    for path, times in {"block35": 10, "block17": 20, "block8": 9}.items():
        assert f"× {times}" in [box.text for box in repeated[path].picture.boxes]
    assert kinds(full("xception")) == ["one", "three", "separable", "pool", "linear", "join"]


def test_a_head_hangs_from_the_output_of_its_step():
    drawn = lay_out(full("googlenet"))
    pieces = {piece.node.path: piece for piece in drawn.pieces}
    for head in ("aux1", "aux2"):
        step, own = pieces[pieces[head].after], pieces[head]
        [across] = [a for a in drawn.lines if a.y1 == a.y2 and 0 < a.y1 - step.bottom < 12]
        [down] = [a for a in drawn.lines if (a.x1, a.y1) == (across.x2, across.y2)]
        assert (across.x1, down.y2) == (MIDDLE, own.top)
        assert own.top > across.y1


def test_every_step_of_the_diagram_says_its_numbers():
    text = render(Page(full("googlenet"), reason=NOBODY))
    labels = dict(re.findall(r'<a class="piece" href="#(\w+)" aria-label="([^"]*)"', text))
    assert labels.keys() == steps("googlenet").keys()
    assert labels["inception4a"] == (
        "inception4a: 480x14x14 in, 512x14x14 out; 376,176 parameters, "
        "73,608,192 multiply-adds; receptive field 171 pixels."
    )
    assert "after inception4d" in labels["aux2"]
    assert labels["avgpool"].endswith("receptive field 907 pixels, more than the image.")
    assert "感受野为 907 像素（高度方向，超出图像）" in text


def test_the_command_writes_a_diagram_of_its_own(tmp_path):
    file = tmp_path / "x.svg"
    googlenet("page", "xception", "--out", file)
    text = file.read_text()
    assert text.startswith("<svg ")
    assert "1000 classes" in text
    assert "var(" not in text  # other programs know no variables of CSS
    assert "data:image/jpeg" in text
    assert "only the diagram" in googlenet("page", "--out", file, "-f", "onnx", code=2)
