"""Shapes, counts and padding, computed from the network tables only."""

from math import prod

import pytest
from conftest import planned
from facts import FACTS, TIMM_GIGA, TORCHVISION_GIGA, WITH_HEAD

from common.errors import UsageError
from common.networks import NETWORKS, network
from common.spec import BatchNorm, Chain, Concat, Conv, PaddingRule
from common.spec.padding import slide_axis
from common.spec.plan import check_batch
from common.spec.planner import least_size, make_node, make_plan


def test_every_network_has_its_facts():
    assert FACTS.keys() == NETWORKS.keys()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_backbone_is_the_network_of_no_classes(name):
    backbone = make_plan(network(name)).backbone_parameter_count
    assert make_plan(network(name, classes=0)).parameter_count == backbone


@pytest.mark.parametrize("name", WITH_HEAD)
def test_heads_that_nobody_counts_by_arithmetic(name):
    assert make_plan(network(name, aux=True)).parameter_count == WITH_HEAD[name]


@pytest.mark.parametrize("name", [name for name in NETWORKS if FACTS[name].blocks])
def test_every_block_has_the_known_parameters(name):
    plan = make_plan(network(name))
    held = {block: plan.find(block).parameter_count for block in FACTS[name].blocks}
    assert held == FACTS[name].blocks


@pytest.mark.parametrize("name", NETWORKS)
def test_endpoints_have_the_published_shapes(name):
    for size, expected in FACTS[name].endpoints.items():
        plan = planned(name, (size, size))
        assert {path: plan.find(path).output for path in expected} == expected, size


# The number of windows of size 3 at stride 2 over n values, for each pooling rule.
RULES = {
    "googlenet": lambda n: -(-(n - 3) // 2) + 1,
    "googlenet.paper": lambda n: -(-(n - 3) // 2) + 1,
    "googlenet.d2l": lambda n: (n - 1) // 2 + 1,
    "googlenet.paddle": lambda n: (n - 1) // 2 + 1,
    "googlenet.slim": lambda n: -(-n // 2),
    "googlenet.torchvision": lambda n: -(-(n - 3) // 2) + 1,
    "googlenet.paddle_vision": lambda n: (n - 3) // 2 + 1,
}


@pytest.mark.parametrize("size", [96, 112, 150, 224, 299])
@pytest.mark.parametrize("name", RULES)
def test_every_pooling_rule_at_every_size(name, size):
    plan, rule = planned(name, (size, size)), RULES[name]
    rows = (size + 1) // 2
    for pool in ("maxpool1", "maxpool2", "maxpool3", "maxpool4"):
        two_by_two = pool == "maxpool4" and name in ("googlenet.slim", "googlenet.torchvision")
        rows = -(-rows // 2) if two_by_two else rule(rows)
        assert plan.find(pool).output[1:] == (rows, rows), pool


@pytest.mark.parametrize("name", TORCHVISION_GIGA)
def test_multiply_adds_are_torchvisions(name):
    assert f"{make_plan(network(name)).multiply_adds / 1e9:.3f}" == TORCHVISION_GIGA[name]


@pytest.mark.parametrize("name", TIMM_GIGA)
def test_multiply_adds_are_timms_with_two_for_each_normalised_value(name):
    plan = make_plan(network(name))
    normalised = [layer for layer in plan.nodes() if isinstance(layer.layer, BatchNorm)]
    operations = plan.multiply_adds + 2 * sum(prod(layer.output) for layer in normalised)
    assert f"{operations / 1e9:.2f}" == TIMM_GIGA[name]


def test_caffes_inception_v2_halves_even_maps_alone():
    with pytest.raises(UsageError, match="inception3c: branches of unequal size"):
        planned("inception_v2.caffe", (120, 120))


PADDED = [name for name in NETWORKS if least_size(network(name)) == 1]  # padding fits any map


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in PADDED])
def test_the_least_input_is_told(name):
    least = least_size(network(name))
    told = f"{name} needs at least {least}x{least}$"
    with pytest.raises(UsageError, match=told):
        planned(name, (least - 1, least - 1))
    planned(name, (least, least))


def test_the_least_input_with_heads_is_told():
    with pytest.raises(UsageError, match=r"inception_v3 needs at least 299x299 with its heads$"):
        planned("inception_v3", (150, 150), aux=True)


def test_one_channel_and_ten_classes():
    assert make_plan(network("googlenet", (1, 224, 224), classes=10)).parameter_count == 5_977_530


def test_multiply_adds_of_known_convolutions():
    """512 to 64 channels by 5x5 take 819,200 weights; through a reduction to 24, 50,688."""
    plain = make_node(Conv(64, 5, padding=2, bias=False), "plain", (512, 14, 14))
    assert plain.multiply_adds == 819_200 * 14 * 14
    steps = {"reduce": Conv(24, 1, bias=False), "conv": Conv(64, 5, padding=2, bias=False)}
    assert make_node(Chain(steps), "reduced", (512, 14, 14)).multiply_adds == 50_688 * 14 * 14


@pytest.mark.parametrize(
    ("size", "padding", "expected"),
    [
        (112, PaddingRule.CEIL, (56, (0, 1))),
        (7, PaddingRule.CEIL, (3, (0, 0))),
        (14, PaddingRule.CEIL, (7, (0, 1))),
        (2, PaddingRule.CEIL, (1, (0, 1))),
        (112, 1, (56, (1, 1))),
        (7, 1, (4, (1, 1))),
        (112, 0, (55, (0, 0))),
        (112, PaddingRule.SAME, (56, (0, 1))),
        (7, PaddingRule.SAME, (4, (1, 1))),
    ],
)
def test_a_3_by_3_window_of_stride_2(size, padding, expected):
    assert slide_axis(size, 3, 2, padding) == expected


def test_no_window_of_ceil_begins_beyond_the_map():
    assert slide_axis(6, 2, 3, PaddingRule.CEIL) == (2, (0, 0))
    assert slide_axis(7, 2, 3, PaddingRule.CEIL) == (3, (0, 1))


def test_a_network_too_small_names_the_layer():
    with pytest.raises(
        UsageError, match=r"^aux1\.averagePool: a 5x5 window does not fit a map of 2x2"
    ):
        planned(size=(32, 32), aux=True)


def test_branches_of_unequal_size_name_the_block():
    layer = Concat({"a": Conv(1, 1), "b": Conv(1, 3)})
    with pytest.raises(UsageError, match=r"^block: branches of unequal size"):
        make_node(layer, "block", (3, 8, 8))


def test_an_unknown_layer_type_names_its_path():
    with pytest.raises(TypeError, match=r"^block\.step: .* is not a layer type"):
        make_node(Chain({"step": "pool"}), "block", (3, 8, 8))


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("lenet", {}, "unknown network 'lenet'; choose from: googlenet"),
        ("googlenet", {"classes": -1}, "-1 classes"),
        ("googlenet", {"classes": 0, "aux": True}, "no auxiliary heads"),
        ("googlenet", {"input": (3, 224)}, r"\(C, H, W\)"),
        ("googlenet", {"input": (3, 0, 224)}, r"\(C, H, W\)"),
    ],
)
def test_impossible_networks_are_refused(name, options, told):
    with pytest.raises(UsageError, match=told):
        network(name, **options)


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((3, 33, 35), "; add a batch axis, as in x[None]"),
        ((3, 99, 99), "; add a batch axis, as in x[None]"),
        ((2, 33, 35, 3), "; its axes are in a different order"),
        ((2, 3, 35, 33), "; its axes are in a different order"),
        ((0, 3, 33, 35), "; the batch must not be empty"),
        ((2, 1, 33, 35), "; set the size with `input` when building the network"),
        ((), "; set the size with `input` when building the network"),
    ],
)
def test_a_batch_of_another_shape_is_refused_with_advice(shape, advice):
    with pytest.raises(UsageError, match=r"expects batches of shape Nx3x33x35, not") as caught:
        check_batch("googlenet", (3, 33, 35), shape)
    assert str(caught.value).endswith(advice)
