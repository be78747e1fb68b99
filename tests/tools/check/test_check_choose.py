"""Which of the layers that ran is an op of the plan, when several could be."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from common.spec import Conv
from common.tools.check.choose import count_unlike
from common.tools.check.graph import Op
from common.tools.check.match import Matcher
from common.tools.check.reading import Reading, left_out


@pytest.mark.parametrize("spare", [True, False])
def test_a_layer_that_an_op_to_come_needs_is_not_taken(spare):
    matcher = SimpleNamespace(
        wanted={"op": ("conv", (8, 4, 3, 3))},
        signatures=[("conv", (6, 4, 3, 3)), ("linear", (9, 9))],
        readers_in_graph=lambda _: [],
        is_spare=lambda _: spare,
    )
    assert (count_unlike(matcher, "op", 0) is not None) == spare


def test_layers_of_ops_that_are_left_out_are_released():
    released = []
    graph = {
        "image": Op(None, ()),
        "a": Op(Conv(8, 3), ("image",)),
        "b": Op(Conv(8, 3), ("a",)),
        "end": Op(None, ("b",)),
    }
    reading = SimpleNamespace(
        graph=graph,
        known={},
        matcher=SimpleNamespace(release=released.append),
        without_stale=lambda _: {},
    )
    Reading.adopt(reading, graph | {"end": replace(graph["end"], inputs=("image",))})
    assert sorted(released) == ["a", "b"]
    assert reading.graph["end"].inputs == ("image",)


def test_layers_that_lead_to_the_branch_of_a_sum_without_its_shortcut_are_kept():
    before = {
        "image": Op(None, ()),
        "a": Op(Conv(8, 3), ("image",)),
        "branch": Op(Conv(8, 3), ("a",)),
        "sum": Op(None, ("branch", "a")),
    }
    after = before | {"sum": Op(None, ("branch",))}
    assert [*left_out(before, after)] == []


def test_released_layers_are_given_back():
    matcher = SimpleNamespace(calls=range(3), taken={"b": 1}, free={0: None, 2: None})
    Matcher.restore(matcher, {"a": 0, "b": 1})
    assert (matcher.taken, [*matcher.free]) == ({"a": 0, "b": 1}, [2])
