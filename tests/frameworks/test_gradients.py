"""The gradients of every network, and what a step leaves of its statistics, against the judge."""

import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import noise, planned, seeded
from kept import kept_step

from common.errors import UsageError
from common.networks import GOOGLENETS, NETWORKS, network
from common.networks.blocks import classifier
from common.plan import Plan
from common.planner import make_plan
from common.reference import relative
from common.rewrite import without_dropout
from common.spec import Chain, Conv

LABELS = np.array([3, 7])
FAMILY = tuple(name for name in NETWORKS if name not in GOOGLENETS)
HEADS = tuple(f"{name} head" for name in FAMILY if network(name).heads)


def small(name) -> Plan:
    """A small network without dropout: a GoogLeNet with its heads, one of the others without, or
    `NAME head`, that network's head alone.
    """
    if name in HEADS:
        made = head_alone(name.removesuffix(" head"))
    elif name in GOOGLENETS:
        made = planned(name, (96, 96), aux=True, classes=10).network
    else:
        # At 139 the last maps are 3 x 3, so that batch norm has more than two values to go by.
        size = 96 if name == "inception_v2.caffe" else 139
        made = planned(name, (size, size), classes=10).network
    return make_plan(without_dropout(made))


def head_alone(name):
    """The head on a 17 x 17 map, which it needs, after one convolution instead of a whole trunk."""
    made = network(name, classes=10, aux=True)
    [head] = made.heads.values()
    channels = make_plan(network(name)).find(head.after).output[0]
    trunk = {head.after: Conv(channels, 1)}
    body = Chain(trunk | classifier(made.classifier, made.classes))
    return replace(made, input=(4, 17, 17), body=body)


# A bias that batch norm takes away again has no gradient but rounding.
BIAS = r"block8\.9\.residual\.branch\.conv2d\.bias"
NO_GRADIENT = dict.fromkeys(["inception_resnet_v2", "inception_resnet_v2.keras"], BIAS)
NO_GRADIENT["inception_resnet_v1.facenet"] = BIAS.replace("9", "5")
NO_GRADIENT["inception_v2.caffe"] = r".*\.conv\.bias"


@pytest.mark.parametrize("name", [*GOOGLENETS, *FAMILY, *HEADS])
def test_gradients_and_statistics_are_the_judges(room, name):
    plan, bound = small(name), 1e-10 if name in GOOGLENETS else 1e-9
    # Of two vectors batch norm leaves but signs; of four there is a slope.
    labels = np.tile(LABELS, 2 if name.endswith("facenet") else 1)
    weights, x = seeded(plan), noise(plan, len(labels))
    net = room.run.load_network(plan, weights, "float64")
    found = room.run.grad(net, x, labels)
    right = kept_step(plan, labels)
    assert found.pop("loss") == pytest.approx(right.loss, rel=1e-12)
    assert {key: array.shape for key, array in found.items()} == plan.parameters()
    largest = max(np.abs(array).max() for array in right.gradients.values())
    none = [key for key in found if re.fullmatch(NO_GRADIENT.get(name, r"(?!)"), key)]
    assert bool(none) == (name in NO_GRADIENT)
    for key in none:
        assert np.abs(found.pop(key)).max() < 1e-9 * largest
    far = {key: relative(array, right.gradients[key]) for key, array in found.items()}
    after = room.weights.get_arrays(net)
    far |= {key: relative(after[key], array) for key, array in right.statistics.items()}
    assert {key: distance for key, distance in far.items() if not distance <= bound} == {}


def test_a_loss_and_its_gradient_in_bfloat16(room):
    """The products are rounded to 8 bits; the loss and the gradients themselves are float32."""
    plan = small("googlenet")
    arrays, x = seeded(plan), noise(plan).astype(np.float32)
    net = room.run.load_network(plan, arrays, "bfloat16")
    if room.name == "paddle":
        with pytest.raises(UsageError, match="by its predictor alone"):
            room.run.grad(net, x, LABELS)
        return
    found, right = room.run.grad(net, x, LABELS), kept_step(plan, LABELS)
    assert 1e-6 < abs(found.pop("loss") / right.loss - 1) < 1e-2
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}
    assert relative(found["fc.weight"], right.gradients["fc.weight"]) < 0.05
