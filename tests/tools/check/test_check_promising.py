"""Edits that explain a map are never rejected by the part of it that is compared first."""

from dataclasses import replace

import numpy as np
import pytest

from common import spec
from common.spec import PaddingRule
from common.tools.check import promising
from common.tools.check.edits import Place
from common.tools.check.foreign_layers import ENDINGS, GLOBAL_MAX
from common.tools.check.graph import Op, steps, value_read, where_it_fits
from common.tools.check.hypotheses import LRN, hypotheses
from common.tools.check.layer_hypotheses import convolutions, output_of
from common.tools.check.random_values import noise
from common.tools.check.trace import LayerCall, agree, agreement

LAYERS = {"relu": spec.ReLU(), "pool": spec.MaxPool(3, 2, PaddingRule.CEIL)}
BY_CHANCE = 0.01  # of the values, such as zeros, agree wherever they come from
# What the network has in their place, one layer or several.
NETWORKS = {
    "no ReLU": [LAYERS["pool"]],
    "another pool": [LAYERS["relu"], spec.MaxPool(3, 2, 1)],
    "an average pool": [LAYERS["relu"], spec.AvgPool(3, 2, 1)],
    "LRN": [*LAYERS.values(), LRN],
    "a global max pool": [LAYERS["relu"], GLOBAL_MAX],
    "softmax over the batch": [*LAYERS.values(), ENDINGS[1]],
    "a scaled map": [*LAYERS.values(), spec.Affine((2.0,) * 40, (1.0,) * 40)],
}


@pytest.mark.parametrize("name", NETWORKS)
def test_what_explains_more_is_never_rejected(name, monkeypatch):
    monkeypatch.setattr(promising, "SMALL", 0)
    x = noise((40, 9, 9))
    graph = {"image": Op(None, ()), "conv": Op(spec.Conv(40, 1), ("image",))}
    graph |= {"relu": Op(LAYERS["relu"], ("conv",)), "pool": Op(LAYERS["pool"], ("relu",))}
    graph |= {"end": Op(spec.Conv(8, 1), ("pool",))}
    forced = {"image": x, "conv": x}
    found = steps("network", NETWORKS[name], x)
    known = dict(forced)
    value_read(graph, "end", known)
    place = Place(
        graph=graph,
        reader="end",
        names=["pool", "relu", "conv"],
        forced=forced,
        known=known,
        found=found,
        free=[],
        digits=10,
    )
    test = promising.Promising("end", found, 7, forced)
    test.keep(graph, known)
    base = agreement(found, known["pool"], 7)
    better = rejected = 0
    for edited in hypotheses(place):
        own = {"image": x}
        with np.errstate(all="ignore"):
            own["conv"] = steps("conv", edited["conv"].then, x)
        with np.errstate(all="ignore"):
            y = where_it_fits(value_read, edited, "end", dict(own))
        fraction = -1.0 if y is None else agreement(found, y, 7)
        same = edited["conv"] is graph["conv"]
        passes = test.passes(edited, forced if same else {"image": x})
        better += fraction > base
        rejected += not passes
        assert passes or fraction <= base + BY_CHANCE
    assert better
    assert rejected > 100


def test_a_convolution_is_not_rejected_by_a_part_of_it():
    draw = np.random.default_rng(0)
    x, weight = noise((6, 12, 12)), draw.standard_normal((10, 6, 3, 3))
    for stride, padding, far in ((2, 1, 1), (1, 0, 1), (1, 2, 2)):
        call = LayerCall(name="conv", kind="conv", weights={"weight": weight}, input=x, output=x)
        wide = np.zeros((10, 6, 2 * far + 1, 2 * far + 1))
        wide[:, :, ::far, ::far] = weight
        padded = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, wide.shape[2:], (2, 3))
        y = np.einsum("nchwij,ocij->nohw", windows[:, :, ::stride, ::stride], wide)
        found = [*convolutions(spec.Conv(10, 3, bias=False), replace(call, output=y))]
        assert found
        assert all(agree(y, output_of("conv", each, call), 10) for each in found)
