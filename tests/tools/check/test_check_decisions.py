"""Few lines for one decision, and hypotheses that no short network shows."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from common import spec
from common.tools.check import far_apart
from common.tools.check import foreign_layers as others
from common.tools.check.decisions import decisions
from common.tools.check.describe import Difference
from common.tools.check.edits import Place, edit
from common.tools.check.effects import effect
from common.tools.check.graph import IMAGE, RESULT, Op, value
from common.tools.check.group_norm import group_norms, name_of_norm
from common.tools.check.hypotheses import has_slopes, learned_activation, rescaled
from common.tools.check.trace import LayerCall, agree


def shared(layer, owner):
    """A layer with the weights of another."""
    return Difference(
        layer=layer, what="weights shared", yours=f"those of {owner}", table="its own"
    )


def test_a_block_used_in_several_places_is_one_decision():
    found = [
        shared("block4.branch.4", "block4.branch.1"),
        *(shared(f"block{n}.branch.1", "block4.branch.1") for n in (5, 6, 7)),
        shared("block9.branch.1", "block8.branch.1"),
    ]
    joined = decisions(found, is_small=False)
    assert [each.places for each in joined] == [
        ("block4.branch.4",),
        ("block5.branch.1", "block6.branch.1", "block7.branch.1"),
        ("block9.branch.1",),
    ]


def test_layers_used_again_in_the_same_module_are_one_decision():
    places = [f"block{n}.branch.{layer}" for n in (4, 5, 6) for layer in (4, 7)]
    found = [shared(each, f"{each.partition('.')[0]}.branch.1") for each in places]
    [joined] = decisions(found, is_small=False)
    assert joined.places == tuple(places)
    assert joined.yours == "those of the same module"


def test_only_kernels_of_1xn_are_swapped_by_convention():
    def kernel(layer, *, yours, table):
        what = "convolution: kernel"
        return Difference(layer=layer, what=what, yours=yours, table=table)

    turned = [
        kernel("a.0.conv", yours="(7, 1)", table="(1, 7)"),
        kernel("a.1.conv", yours="(1, 7)", table="(7, 1)"),
    ]
    [joined] = decisions(turned, is_small=False)
    assert (joined.what, joined.kind) == ("1xn and nx1 swapped", "convention")
    square = [
        kernel("branch2.1.conv", yours="5", table="3"),
        kernel("branch3.1.conv", yours="3", table="5"),
    ]
    assert [each.kind for each in decisions(square, is_small=False)] == ["mistake"] * 2


def test_probabilities_are_a_convention_where_losses_expect_them():
    found = [Difference(layer="fc", what="extra softmax", yours="softmax", table="none")]
    kinds = [decisions(found, is_small=False, probabilities=each)[0].kind for each in (False, True)]
    assert kinds == ["mistake", "convention"]


@pytest.mark.parametrize(
    ("layer", "size", "kind"),
    [("maxpool1", 5, "convention"), ("maxpool1", 3, "mistake"), ("maxpool3", 5, "mistake")],
)
def test_the_lrn_of_the_paper_is_a_convention(layer, size, kind):
    yours = f"LRN (size {size}, alpha 0.0001, beta 0.75)"
    [found] = decisions(
        [Difference(layer=layer, what="extra LRN", yours=yours, table="none")], is_small=False
    )
    assert found.kind == kind


def test_norms_of_its_own_are_one_decision():
    what = "extra batch norm"
    found = [
        Difference(layer=f"conv{n}", what=what, yours=f"extra batch norm: bn{n}", table="none")
        for n in (1, 2, 3)
    ]
    [joined] = decisions(found, is_small=False)
    assert joined.places == ("conv1", "conv2", "conv3")
    assert joined.yours == "extra batch norm: bn1, bn2, bn3"


@pytest.mark.parametrize("axes", [(1,), (1, 2, 3)])
def test_a_layer_norm_is_recognised(axes):
    draw = np.random.default_rng(0)
    x = draw.standard_normal((2, 6, 4, 5)) + np.arange(6)[:, None, None]
    shape = (6, 1, 1) if len(axes) == 1 else (6, 4, 5)
    scale, shift = draw.standard_normal((2, *shape))
    y = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-3)
    weights = {"weight": scale, "bias": shift}
    if len(axes) == 1:
        weights = {name: each.ravel() for name, each in weights.items()}
    call = LayerCall(name="norm", kind="norm", weights=weights, input=x, output=y * scale + shift)
    found = [each for each in group_norms(call) if agree(call.output, each.compute(x), 10)]
    assert [each.what.partition(":")[0] for each in found] == ["layer norm"]
    assert name_of_norm(call) == "layer norm"
    other = replace(call, output=call.output + x)
    assert name_of_norm(other) == "batch norm"


def test_a_slope_below_0_is_a_prelu():
    x = np.linspace(-2, 2, 32).reshape(1, 2, 4, 4)
    graph = {
        IMAGE: Op(None, ()),
        "relu": Op(spec.ReLU(), (IMAGE,)),
        "conv": Op(spec.Conv(4, 1), ("relu",)),
    }
    known = {IMAGE: x, "relu": np.maximum(x, 0)}

    def found(y):
        place = Place(
            graph=graph,
            reader="conv",
            names=["relu"],
            forced={},
            known=dict(known),
            found=y,
            free=[],
            digits=10,
        )
        return [each["relu"].layer.what for each in learned_activation(place, ["relu"])]

    assert found(np.where(x > 0, x, 0.1 * x)) == ["PReLU"]
    assert found(np.where(x > 0, x, x**2)) == []
    assert found(np.maximum(x, 0)) == []
    assert found(np.where(x > 0, 2 * x, x)) == []


def test_zeros_in_other_channels_are_not_dropout():
    x = np.maximum(np.random.default_rng(0).standard_normal((2, 8, 4, 4)), 0)
    graph = {
        IMAGE: Op(None, ()),
        "dropout": Op(spec.Dropout(0.5), (IMAGE,)),
        "fc": Op(spec.Linear(4), ("dropout",)),
    }
    known = {IMAGE: x, "dropout": x}

    def steps(y):
        place = Place(
            graph=graph,
            reader="fc",
            names=["dropout"],
            forced={},
            known=dict(known),
            found=y,
            free=[],
            digits=10,
        )
        found = rescaled(place, ("dropout", "then"))
        return [layer.what for each in found for layer in each["dropout"].then]

    kept = np.random.default_rng(1).random(x.shape) < 0.5
    assert any(each.startswith("active dropout") for each in steps(2 * x * kept))
    assert steps(x[:, ::-1]) == []
    known[IMAGE] = known["dropout"] = x - 0.5
    assert steps(np.maximum(x - 0.5, 0)) == []  # a ReLU


def test_an_effect_is_not_measured_through_a_given_output():
    x = np.linspace(-2, 2, 32).reshape(1, 2, 4, 4)
    step = others.given("PReLU", np.ones_like(x))
    table = {
        IMAGE: Op(None, ()),
        "first": Op(spec.ReLU(), (IMAGE,)),
        "second": Op(spec.ReLU(), ("first",)),
        RESULT: Op(None, ("second",)),
    }
    changed = edit(table, "first", layer=None)
    for graph, wanted in ((changed, True), (edit(changed, "second", then=(step,)), False)):
        known = {IMAGE: x}
        value(graph, RESULT, known)
        matcher = SimpleNamespace(taken={})
        reading = SimpleNamespace(
            graph=graph, table=table, known=known, forced={IMAGE: x}, matcher=matcher
        )
        assert (effect(reading, ["first"]) is not None) == wanted


def test_slopes_may_differ_for_each_place_but_not_for_each_image():
    x = np.random.default_rng(0).standard_normal((2, 3, 9, 9))
    slopes = np.random.default_rng(1).uniform(0.1, 0.5, x.shape)
    assert has_slopes(np.where(x > 0, x, slopes[:1] * x), x)
    assert not has_slopes(np.where(x > 0, x, slopes * x), x)


def part(found, unexplained):
    """The differences at these layers, joined where modules do not correspond."""
    names = ["stem", *(f"m{n}" for n in range(8)), "head"]
    steps = [SimpleNamespace(path=name) for name in names]
    plan = SimpleNamespace(heads=["head"], roots=lambda: [SimpleNamespace(children=steps)])
    reading = SimpleNamespace(plan=plan, trace=SimpleNamespace(calls=[]))
    rows = [
        [Difference(layer=layer, what=what, yours="", table="") for layer, what in each]
        for each in (found, [(layer, "unexplained") for layer in unexplained])
    ]
    own, unclear = far_apart.joined_where_far_apart(*rows, reading)
    return [each.layer for each in own], [each.places or each.layer for each in unclear]


MISSING = "convolution missing"
MODULES = [f"m{n}.a" for n in range(3, 8)]


def test_modules_without_several_layers_belong_to_the_part_that_is_unexplained(monkeypatch):
    monkeypatch.setattr(far_apart, "without_counterpart", lambda _: ("", ""))
    found = [("m1.a", MISSING), ("m2.a", MISSING), ("m2.b", MISSING), ("m4.b", MISSING)]
    assert part(found, MODULES) == (["m1.a"], [tuple(f"m{n}" for n in range(2, 8))])
    assert part(found, MODULES[1:]) == (["m1.a", "m2.a", "m2.b", "m4.b"], MODULES[1:])


def test_a_head_with_several_unexplained_layers_is_one_difference():
    found = [("m1.a", MISSING), ("head.a", MISSING)]
    assert part(found, ["m1.b", "head.a", "head.b"]) == (["m1.a"], ["m1.b", ("head",)])
    assert part(found, ["m1.b", "head.a"]) == (["m1.a", "head.a"], ["m1.b", "head.a"])


def test_the_steps_after_a_missing_convolution_are_missing_with_it():
    whats = {"conv": MISSING, "bn": "batch norm missing", "relu": "ReLU missing"}
    found = [
        Difference(layer=f"{unit}.{step}", what=what, yours="none", table="")
        for unit, steps in (("m1.a", ["conv", "bn", "relu"]), ("m2.a", ["relu"]))
        for step, what in whats.items()
        if step in steps
    ]
    joined = decisions(found, is_small=False)
    assert [each.places for each in joined] == [
        ("m1.a.conv", "m1.a.bn", "m1.a.relu"),
        ("m2.a.relu",),
    ]
