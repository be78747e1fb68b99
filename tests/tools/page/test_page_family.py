"""The family on a page: its plane, and any two networks compared as `diff` compares them."""

import json
import re
from dataclasses import fields
from typing import get_args

import pytest
from cli import googlenet
from conftest import planned
from pages import NOBODY, full, steps

from common.networks import NETWORKS
from common.spec import Chain, Concat, Layer, Residual
from common.tools.analysis.diff import INPUT, leaves, plan_differences, totals
from common.tools.analysis.parameter_ledger import ledger
from common.tools.page.family import BOTTOM, LEFT, WIDTH, family, overlap, plane
from common.tools.page.network_pair import network_pair
from common.tools.page.phrases import change_text, layer_kind, phrase_key, phrases
from common.tools.page.render import Page, render


def test_every_layer_type_and_field_that_can_differ_has_its_phrase():
    compute = [kind for kind in get_args(Layer) if kind not in (Chain, Concat, Residual)]
    names = {phrase_key("layer", kind.label) for kind in compute}
    inside = {phrase_key("field", field.name) for kind in compute for field in fields(kind)}
    expected = names | inside
    assert {key for key in phrases() if key.startswith(("layer_", "field_"))} == expected


def test_what_the_code_has_in_english_has_its_phrase():
    plans = [full(name) for name in NETWORKS]
    terms = {text for plan in plans for term in ledger(plan) for text in (term.part, term.kind)}
    for text in terms:
        assert phrases()[phrase_key("ledger", text)]["en"] == text
    found = [step for name in NETWORKS for step in steps(name).values()]
    for text in {each.text for step in found for each in (step, *step.table)}:
        begun = re.match("[a-z ]*[a-z]", text)
        if begun and begun[0] != "x":
            assert begun[0] == phrases()[phrase_key("kind", begun[0])]["en"]
            assert f'<span lang="zh">{phrases()[phrase_key("kind", begun[0])]["zh"]}' in layer_kind(
                text
            )


def test_what_differs_is_said_in_english_as_diff_says_it():
    plans = [full(name) for name in NETWORKS]
    changes = {each.change for one in plans for two in plans for each in plan_differences(one, two)}
    assert len(changes) > 150
    for change in changes:
        english, chinese = change_text(change)
        assert english == change.what.replace("CEIL", "rounded up (ceil)")
        assert re.search("[\u4e00-\u9fff]", chinese)
        assert not re.search("only|against|eps [^0-9]|no scale", chinese)
    assert "max pool: padding rounded up (ceil) vs. 1" in {change_text(c)[0] for c in changes}
    one = planned()
    keys = ("backbone", "all", "multiply_adds", "depth", "field")
    assert [what for what, *_ in totals(one, one)] == [phrases()[f"total_{k}"]["en"] for k in keys]


def test_the_family_is_what_list_says():
    told = {entry["network"]: entry for entry in json.loads(googlenet("list", "--json"))}
    assert [each.name for each in family()] == list(told)
    for each in family():
        entry = told[each.name]
        found = each.parameters, each.multiply_adds, each.depth
        assert found == (entry["parameters"], entry["multiply_adds"], entry["depth"])


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_on_the_plane_and_no_names_overlap(name):
    drawn = plane(family(), name)
    members = [each.name for point in drawn.points for each in point.members]
    assert sorted(members) == sorted(NETWORKS)
    [shown] = [point for point in drawn.points if point.shown]
    assert shown.label.text.split(" ")[0] == name
    for point in drawn.points:
        first, _, more = point.label.text.partition(" +")
        assert first in {each.name for each in point.members}
        assert int(more or 0) == len(point.members) - 1
        left, top, right, bottom = point.label.box
        assert left > LEFT
        assert right <= WIDTH
        assert top >= 0
        assert bottom < BOTTOM
        for other in drawn.points:
            assert not (left < other.x < right and top < other.y < bottom)
            assert other is point or not overlap(point.label, other.label)


def test_networks_drawn_as_one_point_are_near_it_and_not_all_equal():
    [shown] = [point for point in plane(family(), "googlenet").points if point.shown]
    assert len({each.parameters for each in shown.members}) > 1
    text = render(Page(full("googlenet"), reason=NOBODY))
    assert "+2 means two more networks near the same point" in text
    assert "+2 表示该点附近还有两个网络" in text


def test_the_numbers_along_the_plane_stand_where_they_belong():
    drawn = plane(family(), "googlenet")
    assert [text for _, text in drawn.across] == ["10 M", "20 M", "50 M"]
    assert [text for _, text in drawn.up] == ["500 M", "1 G", "2 G", "5 G", "10 G"]
    [google] = [point for point in drawn.points if point.shown]
    assert google.x < drawn.across[0][0]  # 7 million parameters
    assert drawn.up[2][0] < google.y < drawn.up[1][0]  # 1.6 billion multiply-adds


def test_another_number_of_input_channels_is_a_difference():
    one, other = full("googlenet"), full("googlenet.d2l")
    first = network_pair(one, other).differences[0]
    assert (first.what, first.paths) == ("input channels 3 vs. 1", ("input",))
    assert change_text(first.change)[1] == "输入通道数：前者 3，后者 1"
    assert "<td>input</td>" in re.sub(
        r"\s", "", render(Page(one, reason=NOBODY, other=network_pair(one, other)))
    )
    assert network_pair(one, other).finding()["places"] == str(len({
        path for each in plan_differences(one, other)[1:] for path in each.paths
    }))  # fmt: skip
    for name in NETWORKS:
        assert INPUT not in leaves(full(name))
        assert plan_differences(full(name), full(name)) == []


@pytest.mark.parametrize("other", ["xception.timm", "googlenet"])
def test_a_table_without_shapes_says_that_none_differ(other):
    found = network_pair(full("inception_v3.input"), full(other))
    text = render(Page(full("googlenet"), reason=NOBODY, other=found))
    assert ('<tbody id="alike">' in text) == (not found.shapes)


def test_another_network_beside_it_is_what_diff_says():
    one, other = full("googlenet"), full("googlenet.torchvision")
    text = render(Page(one, reason=NOBODY, other=network_pair(one, other)))
    told = googlenet("diff", "googlenet", "googlenet.torchvision")
    for each in network_pair(one, other).differences:
        assert change_text(each.change)[0] in text
        assert each.what[:30] in told
