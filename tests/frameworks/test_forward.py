"""Compares every layer of every network with the reference."""

import numpy as np
import pytest
from conftest import native, noise, planned, seeded
from every_network import as_built
from reference_cache import cached_outputs

from common.errors import UsageError
from common.jobs.network_work import find_endpoints
from common.networks import GOOGLENETS, NETWORKS, network
from common.reference.numerics import relative_difference
from common.spec import LRN
from common.spec.planner import make_plan
from common.spec.rewrite import rewrite_network
from common.tools.analysis.compare import TOLERANCES

# Sizes that are even down to the last pool, and mixed ones. Sizes that are odd where these are
# even, and the other networks, are in test_every_network.py.
SIZES = [(96, 96), (112, 112), (97, 97), (107, 107), (96, 128)]
OTHERS = [(112, 112)]


def both(impl, plan, dtype, images=2):
    """The outputs of every layer, from the framework and from the reference."""
    paths = find_endpoints(plan, "units")
    net = impl.runner.load_network(plan, seeded(plan), dtype)
    assert impl.runner.count_parameters(net) == plan.parameter_count
    found, right = (
        impl.runner.forward_pass(net, noise(plan, images), paths),
        cached_outputs(plan, images, paths),
    )
    assert found.keys() == right.keys()
    return found, right


def check(found, right, dtype):
    """Asserts that every layer is as close to the reference as the dtype allows."""
    far = {path: relative_difference(found[path], right[path]) for path in right}
    assert {path: d for path, d in far.items() if not d <= TOLERANCES[dtype]} == {}


PAPERS = [name for name in NETWORKS if "." not in name]  # variants handle sizes the same way


@pytest.mark.parametrize("name", PAPERS)
def test_every_layer_at_native_size(impl, name):
    check(*both(impl, native(name, aux=True), "float64", images=1), "float64")


# Together they have every layer type at this size.
KINDS = "googlenet", "googlenet.paper", "inception_v2", "inception_v3.input", "inception_resnet_v1"
KINDS = *KINDS, "inception_resnet_v1.facenet", "xception", "googlenet.torchvision"


def kinds(name):
    """The layer types in a network."""
    return {type(node.layer) for node in make_plan(network(name, **as_built(name))).nodes()}


def test_together_they_have_every_kind_of_layer():
    assert set().union(*map(kinds, KINDS)) == set().union(*map(kinds, NETWORKS))


@pytest.mark.parametrize("name", KINDS)
def test_every_layer_in_float32(impl, name):
    """In a batch of two, neither image may get the other's result."""
    check(*both(impl, planned(name, (107, 139), name in GOOGLENETS), "float32"), "float32")


@pytest.mark.parametrize("name", ["googlenet.paper", "inception_v2"])
def test_every_layer_in_bfloat16(impl, name):
    plan = planned(name, (96, 96), aux=name in GOOGLENETS, classes=10)
    if impl.name == "paddle":
        with pytest.raises(UsageError, match="only its predictor"):
            both(impl, plan, "bfloat16")
        return
    found, right = both(impl, plan, "bfloat16")
    check(found, right, "bfloat16")
    assert relative_difference(found["logits"], right["logits"]) > 1e-4  # it is not float32 renamed
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}


SIZED = [(name, size) for name in GOOGLENETS for size in (SIZES if name == "googlenet" else OTHERS)]


@pytest.mark.parametrize(("name", "size"), SIZED, ids=str)
def test_every_shape_and_layer_at_other_sizes(impl, name, size):
    plan = planned(name, size, classes=10, aux=True)
    found, right = both(impl, plan, "float64", images=1)
    for path in find_endpoints(plan, "units"):
        assert found[path].shape == (1, *plan.find(path).output)
    check(found, right, "float64")


@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_response_norms_over_other_numbers_of_channels(impl, size):
    """Of an even number, one channel more lies before than after; the paper's is odd."""

    def change(_, layer):
        return LRN(size, 0.7, 0.75) if isinstance(layer, LRN) else layer

    spec = rewrite_network(network("googlenet.paper", input=(3, 64, 64), classes=4), change)
    check(*both(impl, make_plan(spec), "float64", images=1), "float64")


@pytest.mark.parametrize(
    "options", [{"input": (1, 64, 64)}, {"classes": 0}, {"input": (5, 97, 65)}]
)
def test_other_channels_and_features(impl, options):
    plan = make_plan(network("googlenet", **options))
    found, right = both(impl, plan, "float64")
    assert plan.spec.output in found
    assert (
        max(relative_difference(found[path], right[path]) for path in right)
        <= TOLERANCES["float64"]
    )


def test_a_face_is_512_numbers_of_length_1(impl):
    plan = planned("inception_resnet_v1.facenet", (96, 96), classes=0)
    found, right = both(impl, plan, "float64", images=3)
    check(found, right, "float64")
    assert found["features"].shape == (3, 512)
    np.testing.assert_allclose((found["features"] ** 2).sum(axis=1), 1, rtol=1e-12)


def test_a_head_travels_under_its_name(impl):
    """aux1 follows 4a and aux2 follows 4d, so their inputs, weights and values differ."""
    found, right = both(impl, planned(size=(96, 96), classes=10, aux=True), "float64")
    assert relative_difference(right["aux1"], right["aux2"]) > 0.1
    assert relative_difference(found["aux1"], right["aux1"]) < 1e-12
    assert relative_difference(found["aux2"], right["aux2"]) < 1e-12


def test_values_are_not_trivial(impl):
    found, _ = both(impl, planned(aux=True), "float64", images=1)
    assert all(np.std(array) > 0 for array in found.values())
