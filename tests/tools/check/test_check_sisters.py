"""An edit that explained one op is tried at all ops like it, before any other edit."""

from types import SimpleNamespace

import numpy as np

from common import spec
from common.tools.check.edits import Learned
from common.tools.check.facts import Facts
from common.tools.check.foreign_layers import ACTIVATIONS
from common.tools.check.graph import Op
from common.tools.check.sisters import learn, restore_relus, sisters
from common.tools.check.trace import LayerCall

RELU, SIX = spec.ReLU(), ACTIVATIONS[0]
GRAPH = {
    "a": Op(RELU, ("x",)),
    "b": Op(RELU, ("y",)),
    "c": Op(spec.Flatten(), ("b",)),
}
A, B = {"a": Op(SIX, ("x",))}, {"b": Op(SIX, ("y",))}


def edited(was, new, path="", order=(0,)):
    """An edit that explained an op."""
    return Learned(was=was, new=new, path=path, order=order)


def graphs(*, learned, forced=()):
    """The edited graphs, for a reading of `GRAPH`."""
    reading = SimpleNamespace(graph=GRAPH, table=GRAPH, learned=learned, forced=forced)
    return [*sisters(reading, [*GRAPH])]


def test_first_at_all_then_at_each():
    learned = [edited(Op(RELU, ()), Op(SIX, ()))]
    assert graphs(learned=learned) == [GRAPH | A | B, GRAPH | A, GRAPH | B]
    assert graphs(learned=learned, forced={"a": None}) == [GRAPH | B]


def test_steps_after_an_op_whose_output_is_known_are_tried_as_well():
    then = [edited(Op(RELU, ()), Op(RELU, (), then=(SIX,)))]
    own = {"a": Op(RELU, ("x",), then=(SIX,))}
    assert GRAPH | own in graphs(learned=then, forced={"a": None})


def test_nothing_is_tried_at_other_layers():
    assert graphs(learned=[]) == []
    assert graphs(learned=[edited(Op(spec.Dropout(0.4), ()), Op(None, ()))]) == []


def test_an_order_of_branches_is_tried_at_the_same_place_of_other_modules():
    join = spec.Concat({})
    names = "m1", "m1.inner", "m2", "m2.inner"
    table = {name: Op(join, (f"{name}.a", f"{name}.b")) for name in names}
    turned = {name: Op(join, (f"{name}.b", f"{name}.a")) for name in names}
    found = table | {"m1": turned["m1"], "m1.inner": Op(join, ("m1.inner.b", "m2"))}
    reading = SimpleNamespace(graph=found, table=table, learned=[], forced=())
    learn(reading, table)  # which leaves out another input, as that of `m1.inner`
    assert [(each.path, each.order) for each in reading.learned] == [("", (1, 0))]
    reading.graph = table
    assert [*sisters(reading, ["m2", "m2.inner"])] == [table | {"m2": turned["m2"]}]


def test_relus_are_restored_only_where_they_explain_the_map():
    bare = {name: Op(None, op.inputs) for name, op in GRAPH.items() if op.layer == RELU}
    trace = SimpleNamespace(facts=SimpleNamespace(activation=None))
    reading = SimpleNamespace(graph=GRAPH | bare, table=GRAPH, trace=trace)
    reading.adopt = lambda graph: setattr(reading, "graph", graph)
    reading.agrees = lambda name, x: reading.graph[name] == x
    assert restore_relus(reading, ["a", "c"], "a", GRAPH["a"])
    assert reading.graph == GRAPH | bare | {"a": GRAPH["a"]}
    assert not restore_relus(reading, ["b", "c"], "b", None)
    assert reading.graph["b"].layer is None


def test_a_linear_stem_does_not_show_that_there_is_no_activation():
    draw = np.random.default_rng(0)

    def conv(x):
        weights = {"weight": np.ones((4, 4, 1, 1))}
        y = draw.standard_normal(x.shape)
        return LayerCall(name="conv", kind="conv", weights=weights, input=x, output=y)

    stem = [conv(draw.standard_normal((1, 4, 3, 3)))]
    stem.append(conv(stem[0].output))
    others = [conv(np.abs(draw.standard_normal((1, 4, 3, 3)))) for _ in range(8)]
    trace = SimpleNamespace(calls=[*stem, *others], rough_digits=7)
    assert Facts(trace).activation == RELU
