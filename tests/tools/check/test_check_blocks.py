"""Differences in whole blocks: repetitions, kinds of convolution, shortcuts, twin widths."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from common import networks, spec
from common.networks.overrides import every
from common.spec import Conv
from common.spec.planner import lay_out, make_plan
from common.spec.rewrite import rewrite_network
from common.tools.check.block_changes import fewer_blocks, longest_run, ordinary_convolutions
from common.tools.check.changes import places_of
from common.tools.check.choose import count_unlike, is_reordered
from common.tools.check.edits import Place
from common.tools.check.facts import Facts
from common.tools.check.graph import IMAGE, Op
from common.tools.check.joins import added_twice
from common.tools.check.match import wanted_shapes
from common.tools.check.trace import LayerCall


def traced(network):
    """A stand-in for the trace of a network: the shapes of its layers and of their maps."""
    plan = lay_out(network)
    nodes = {node.path: node for node in plan.nodes()}
    calls = []
    for name, (kind, shape) in wanted_shapes(plan).items():
        x = np.broadcast_to(0.0, (1, *nodes[name].input))
        y = np.broadcast_to(0.0, (1, *nodes[name].output))
        calls.append(
            LayerCall(
                name=name,
                kind=kind,
                weights={"weight": np.broadcast_to(0.0, shape)},
                input=x,
                output=y,
            )
        )
    return Facts(SimpleNamespace(calls=calls))


def smaller(network, without):
    """The network without some steps of its body."""
    steps = {n: each for n, each in network.body.layers.items() if n not in without}
    return spec.NetworkSpec(**{**vars(network), "body": spec.Chain(steps)})


def xception():
    return make_plan(networks.network("xception", (3, 71, 71))).spec


@pytest.mark.parametrize("left", [1, 4, 7])
def test_fewer_of_equal_blocks_are_one_decision(left):
    network = xception()
    run = longest_run(network.body.layers)
    assert run == [f"block{n}" for n in range(4, 12)]
    [found] = fewer_blocks(network, traced(smaller(network, run[-left:])))
    assert (found.yours, found.table) == (f"{8 - left} like block4", "8")
    assert found.places == tuple(run[-left:])
    assert places_of(network, found.network)


def test_blocks_whose_layers_ran_are_not_missing():
    network = xception()
    assert not [*fewer_blocks(network, traced(network))]
    assert not [*fewer_blocks(network, traced(smaller(network, ["conv3", "conv4"])))]


def test_an_ordinary_convolution_for_a_separable_one_is_one_decision():
    network = xception()
    assert not [*ordinary_convolutions(network, traced(network))]
    steps = dict(network.body.layers)
    more = {**steps, "conv5": Conv(1024, 1), "conv6": Conv(1536, 3, 1, 1, False)}
    order = [*list(steps)[:-3], "conv5", "conv6", *list(steps)[-3:]]
    body = spec.Chain({name: more[name] for name in order})
    own = spec.NetworkSpec(**{**vars(network), "body": body})
    assert not [*ordinary_convolutions(network, traced(own))]
    for name, channels in (("conv3", 1536), ("conv4", 2048)):
        rest = {n: e for n, e in steps[name].layers.items() if n not in ("depthwise", "pointwise")}
        conv = Conv(channels, 3, 1, 1, bias=False)
        steps[name] = spec.Chain({"conv": conv, **rest})
    own = spec.NetworkSpec(**{**vars(network), "body": spec.Chain(steps)})
    [found] = ordinary_convolutions(network, traced(own))
    assert found.places == ("conv3", "conv4")
    assert found.network.body.layers["conv4"] == steps["conv4"]
    biased = rewrite_network(network, every(Conv, bias=True))
    [found] = ordinary_convolutions(biased, traced(rewrite_network(own, every(Conv, bias=True))))
    assert found.network.body.layers["conv4"].layers["conv"] == replace(conv, bias=True)


def test_a_shortcut_that_is_added_again_is_found():
    draw = np.random.default_rng(0)
    x, branch = draw.standard_normal((2, 1, 2, 3, 3))
    total = np.maximum(0.2 * branch + x, 0)
    graph = {
        IMAGE: Op(None, ()),
        "conv": Op(Conv(2, 1), (IMAGE,)),
        "sum": Op(spec.Residual(spec.Chain({}), scale=0.2), ("conv", IMAGE)),
        "relu": Op(spec.ReLU(), ("sum",)),
        "next": Op(Conv(2, 1), ("relu",)),
    }
    known = {IMAGE: x, "conv": branch, "sum": 0.2 * branch + x, "relu": total}

    def found(y):
        place = Place(
            graph=graph,
            reader="next",
            names=["relu", "sum"],
            forced={},
            known=dict(known),
            found=y,
            free=[],
            digits=10,
        )
        return [each["relu"].then[0].what for each in added_twice(place)]

    assert found(0.2 * total + x) == ["shortcut added a second time"]
    assert found(total + x) == ["shortcut added a second time"]
    assert found(0.5 * total + x) == []


@pytest.mark.parametrize("is_needed", [True, False])
def test_the_only_layer_that_reads_a_map_may_have_the_shape_of_a_distant_one(is_needed):
    shape = ("conv", (6, 4, 3, 3))
    after = {"op": ["next"], "next": ["second"] if is_needed else []}
    matcher = SimpleNamespace(
        wanted={"op": ("conv", (8, 4, 3, 3)), "next": ("conv", (9, 4, 3, 3)), "second": shape},
        signatures=[shape, ("linear", (9, 9))],
        readers_in_graph=lambda name: after.get(name, []),
        is_spare=lambda _: False,
    )
    assert (count_unlike(matcher, "op", 0, is_only=True) is None) == is_needed
    assert count_unlike(matcher, "op", 0) is None


def test_a_map_in_another_order_is_recognised():
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    wanted = np.sort(x.ravel())
    assert is_reordered(x[::-1], wanted, 10)
    inner = np.where(x == wanted[9], 1 - 1e-6, 1)
    assert not is_reordered(x * inner, wanted, 10)
    assert not is_reordered(2 * x, wanted, 10)
