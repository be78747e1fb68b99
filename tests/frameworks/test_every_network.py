"""Builds every network of the catalogue once and tests its counts, layers and gradients."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from conftest import noise, seeded
from every_network import as_built, long_variants
from facts import FACTS
from reference_cache import cached_outputs, cached_step

from common.jobs.network_work import find_endpoints
from common.networks import GOOGLENETS, NETWORKS, network
from common.reference.numerics import relative_difference
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.spec.rewrite import without_dropout
from common.tools.analysis.compare import TOLERANCES


@dataclass
class Made:
    """A network in float64, with its plan and its weights."""

    name: str
    plan: Plan
    net: Any
    arrays: dict


@pytest.fixture(scope="module")
def made(impl, request):
    """A network built with the options of `as_built`; the tests of one network run together."""
    name = request.param
    plan = make_plan(network(name, **as_built(name)))
    arrays = seeded(plan)
    return Made(name, plan, impl.runner.load_network(plan, arrays, "float64"), arrays)


def rows(marks=lambda _: []):
    """Parametrizes a test over every network; the tests of one network share what was built."""
    given = [
        pytest.param(name, marks=[pytest.mark.xdist_group(name), *marks(name)]) for name in NETWORKS
    ]
    return pytest.mark.parametrize("made", given, indirect=True, scope="module")


@rows()
def test_its_parameters_are_the_plans(impl, made):
    assert impl.runner.count_parameters(made.net) == made.plan.parameter_count
    held = impl.weights.get_arrays(made.net)
    for block, expected in FACTS[made.name].blocks.items():
        sizes = [array.size for path, array in held.items() if path.startswith(f"{block}.")]
        assert sum(sizes) == expected, block


@rows()
def test_every_layer_is_the_references(impl, made):
    paths = find_endpoints(made.plan, "units")
    found = impl.runner.forward_pass(made.net, noise(made.plan, 1), paths)
    right = cached_outputs(made.plan, 1, paths)
    assert found.keys() == right.keys()
    for path in paths:
        assert found[path].shape == (1, *made.plan.find(path).output)
    far = {path: relative_difference(found[path], right[path]) for path in right}
    assert {path: d for path, d in far.items() if not d <= TOLERANCES["float64"]} == {}


# A bias that batch norm cancels has a gradient of zero up to rounding error.
BIAS = r"block8\.9\.residual\.branch\.conv2d\.bias"
NO_GRADIENT = dict.fromkeys(["inception_resnet_v2", "inception_resnet_v2.keras"], BIAS)
NO_GRADIENT["inception_resnet_v1.facenet"] = BIAS.replace("9", "5")
NO_GRADIENT["inception_v2.caffe"] = r".*\.conv\.bias"


def drop_nothing(impl, net):
    """Disables dropout, so that training depends only on the batch."""
    layers = {"pytorch": "modules", "tensorflow": "_flatten_layers", "paddle": "sublayers"}
    rate = "rate" if impl.name == "tensorflow" else "p"
    for layer in getattr(net, layers[impl.name])():
        if hasattr(layer, rate):
            setattr(layer, rate, 0)


@rows(long_variants)
def test_gradients_and_statistics_are_the_references(impl, made):
    plan = make_plan(without_dropout(made.plan.spec))
    # Over two vectors batch norm outputs only signs; over four it has a slope.
    labels = np.tile([3, 7], 2 if made.name.endswith("facenet") else 1)
    impl.weights.set_arrays(made.net, made.arrays)
    drop_nothing(impl, made.net)
    found = impl.runner.grad(made.net, noise(plan, len(labels)), labels)
    right = cached_step(plan, labels)
    assert found.pop("loss") == pytest.approx(right.loss, rel=1e-12)
    assert {key: array.shape for key, array in found.items()} == plan.parameter_shapes()
    largest = max(np.abs(array).max() for array in right.gradients.values())
    none = [key for key in found if re.fullmatch(NO_GRADIENT.get(made.name, r"(?!)"), key)]
    assert bool(none) == (made.name in NO_GRADIENT)
    for key in none:
        assert np.abs(found.pop(key)).max() < 1e-9 * largest
    far = {key: relative_difference(array, right.gradients[key]) for key, array in found.items()}
    after = impl.weights.get_arrays(made.net)
    far |= {key: relative_difference(after[key], array) for key, array in right.buffers.items()}
    bound = 1e-10 if made.name in GOOGLENETS else 1e-9
    assert {key: distance for key, distance in far.items() if not distance <= bound} == {}
