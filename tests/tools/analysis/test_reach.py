"""Depth and receptive field, compared with hand calculations and the paper."""

import pytest
from conftest import planned

from common.networks import network
from common.spec import (
    Chain,
    Concat,
    Conv,
    DepthwiseConv,
    GlobalAvgPool,
    MaxPool,
    ReLU,
    Residual,
    sequence,
)
from common.spec.planner import make_node, make_plan
from common.tools.analysis.receptive_field import Reach, reach


def through(word):
    """The reach of one layer."""
    return Reach().through(make_node(word, "word", (4, 64, 64)))


def test_windows_widen_by_what_lies_between():
    assert through(Conv(4, 7, 2, 3)) == Reach(depth=1, field=7, stride=2)
    assert through(sequence(Conv(4, 7, 2, 3), MaxPool(3, 2, 1))) == Reach(
        depth=1, field=11, stride=4
    )
    word = sequence(Conv(4, 7, 2, 3), MaxPool(3, 2, 1), ReLU(), DepthwiseConv(3, 1, 1))
    assert through(word) == Reach(depth=2, field=19, stride=4)


def test_the_longest_and_the_widest_way_count():
    deep = sequence(Conv(4, 1), Conv(4, 1), Conv(4, 1))
    assert through(Concat({"deep": deep, "wide": Conv(4, 5, 1, 2)})) == Reach(
        depth=3, field=5, stride=1
    )
    assert through(Residual(Chain({"0": deep}))) == Reach(depth=3, field=1, stride=1)


def test_a_step_that_averages_the_whole_map_sees_all_that_its_cells_see():
    before = Reach(depth=1, field=19, stride=4)
    pool = make_node(GlobalAvgPool(), "pool", (4, 7, 7))
    assert before.through_layer(pool) == Reach(depth=1, field=19 + 6 * 4, stride=4)
    assert before.through(pool) == before  # the figure of the last feature map


def test_googlenet_is_22_layers_deep():
    """Szegedy et al. 2014, section 5: 22 layers when counting only layers with parameters."""
    assert reach(planned()).depth == 22


@pytest.mark.parametrize(
    ("name", "smoothing", "weights"),
    [
        ("googlenet", 0.0, {"logits": 1, "aux1": 0.3, "aux2": 0.3}),
        ("inception_v3", 0.1, {"logits": 1, "AuxLogits": 0.4}),
    ],
)
def test_the_recipe_is_part_of_the_network(name, smoothing, weights):
    made = network(name, aux=True)
    assert made.label_smoothing == smoothing
    assert make_plan(made).loss_weights() == weights
