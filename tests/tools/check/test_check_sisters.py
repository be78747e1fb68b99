"""An edit that explained one op is tried at all ops like it, before any other edit."""

from types import SimpleNamespace

from common import spec
from common.tools.check.foreign_layers import ACTIVATIONS
from common.tools.check.graph import Op
from common.tools.check.reading import Reading

RELU, SIX = spec.ReLU(), ACTIVATIONS[0]
GRAPH = {
    "a": Op(RELU, ("x",)),
    "b": Op(RELU, ("y",)),
    "c": Op(spec.Flatten(), ("b",)),
}
A, B = {"a": Op(SIX, ("x",))}, {"b": Op(SIX, ("y",))}


def sisters(*, learned, forced=()):
    """The edited graphs, for a reading of `GRAPH`."""
    reading = SimpleNamespace(graph=GRAPH, learned=learned, forced=forced)
    return [*Reading.sisters(reading, [*GRAPH])]


def test_first_at_all_then_at_each():
    learned = [(Op(RELU, ()), Op(SIX, ()))]
    assert sisters(learned=learned) == [GRAPH | A | B, GRAPH | A, GRAPH | B]
    assert sisters(learned=learned, forced={"a": None}) == [GRAPH | B]


def test_steps_after_an_op_whose_output_is_known_are_tried_as_well():
    then = [(Op(RELU, ()), Op(RELU, (), then=(SIX,)))]
    own = {"a": Op(RELU, ("x",), then=(SIX,))}
    assert GRAPH | own in sisters(learned=then, forced={"a": None})


def test_nothing_is_tried_at_other_layers():
    assert sisters(learned=[]) == []
    assert sisters(learned=[(Op(spec.Dropout(0.4), ()), Op(None, ()))]) == []
