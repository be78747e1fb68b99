"""Tests of published parameter counts, and of the differences between two networks."""

from dataclasses import replace

import pytest
from conftest import native, planned

from common.networks import NETWORKS, network
from common.spec.planner import make_plan
from common.tools.analysis import diff
from common.tools.analysis import parameter_ledger as ledger
from common.tools.analysis.published_counts import BARE, HEADLESS, PUBLISHED, WHOLE


def test_every_network_has_its_published_counts():
    assert PUBLISHED.keys() == NETWORKS.keys()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_published_number_is_the_sum_of_its_terms(name):
    made = network(name)
    claims = ledger.claims(make_plan(network(name, aux=bool(made.heads))))
    assert [claim.number for claim, _, total in claims if claim.number != total] == []
    assert [claim for claim, *_ in claims] == list(PUBLISHED[name])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_count_of_learned_parameters_is_the_plans_own(name):
    plans = {
        BARE: make_plan(network(name, classes=0)),
        HEADLESS: make_plan(network(name)),
        WHOLE: make_plan(network(name, aux=bool(network(name).heads))),
    }
    for claim in PUBLISHED[name]:
        if not claim.buffers:
            assert plans[claim.parts].parameter_count == claim.number


@pytest.mark.parametrize("name", NETWORKS)
def test_the_ledger_leaves_nothing_out(name):
    made = make_plan(network(name, aux=bool(network(name).heads)))
    learned = [term for term in ledger.ledger(made) if term.learned]
    backbone = [term for term in learned if term.part == "backbone"]
    assert sum(term.count for term in learned) == made.parameter_count
    assert sum(term.count for term in backbone) == made.backbone_parameter_count


def told(one, other, size=(96, 96)):
    """The differences as texts, with the number of places where each occurs."""
    plans = [planned(name, size, aux=True) for name in (one, other)]
    return {each.what: len(each.paths) for each in diff.plan_differences(*plans)}


def test_a_network_does_not_differ_from_itself():
    assert told("googlenet", "googlenet") == {}


def test_the_paper_differs_by_lrn_and_dropout():
    assert told("googlenet", "googlenet.paper") == {
        "LRN only in the second": 2,
        "dropout only in the first": 2,
        "dropout: rate 0.5 vs. 0.7": 2,
    }


def test_padding_that_is_equal_is_no_difference_however_it_is_written():
    plans = {name: native(name, aux=True) for name in NETWORKS}
    for one in plans.values():
        for other in plans.values():
            theirs = diff.leaves(other)
            for each in diff.plan_differences(one, other):
                if each.change.field == "padding":
                    mine = diff.leaves(one)
                    assert [p for p in each.paths if mine[p].pads == theirs[p].pads] == []
                assert each.change.one != each.change.other or each.change.sentence != "field"


def test_sizes_are_compared_as_numbers():
    one = planned("googlenet", (96, 96)).find("conv3.conv")
    same = replace(one, layer=replace(one.layer, kernel=(3, 3), stride=(1, 1), padding=(1, 1)))
    assert diff.layer_changes(one, same) == []
    pool = planned("googlenet", (96, 96)).find("maxpool1")
    padded = replace(pool, layer=replace(pool.layer, padding=1), pads=((1, 1), (1, 1)))
    assert [each.what for each in diff.layer_changes(pool, padded)] == [
        "max pool: padding CEIL vs. 1"
    ]


def test_torchvision_differs_by_kernels_norm_and_bias():
    found = told("googlenet", "googlenet.torchvision")
    assert found["convolution: kernel 5 vs. 3"] == 9
    assert found["convolution: bias True vs. False"] == 59
    assert found["batch norm (eps 0.001) only in the second"] == 59


def test_shapes_that_differ_are_named():
    plans = [planned(name, (112, 112)) for name in ("googlenet", "googlenet.paddle")]
    assert diff.shape_changes(*plans)[0] == ("maxpool4", "832x3x3", "832x4x4")


def test_the_effect_of_padding_is_measured():
    plans = [planned(name, (96, 96), classes=10) for name in ("googlenet", "googlenet.paddle")]
    found = diff.effect(*plans)
    assert found.shared == found.total == 116
    assert 0.01 < found.relative < 1
    assert diff.effect(plans[0], plans[0]).relative == 0
    assert diff.effect(plans[0], planned(classes=7)) is None
