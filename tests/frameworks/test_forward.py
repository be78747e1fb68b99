"""Every layer of every network, compared with the judge."""

import numpy as np
import pytest
from conftest import native, noise, planned, seeded
from every_network import as_built
from kept import kept_outputs

from common.errors import UsageError
from common.jobs.compare import TOLERANCES
from common.jobs.perform import find_endpoints
from common.networks import GOOGLENETS, NETWORKS, network
from common.planner import make_plan
from common.reference import relative

# Even down to the last pool; these mixed: 7, 21, 27 and 1 modulo 32. Odd where others are even, and
# other networks: test_every_network.py.
SIZES = [(96, 96), (112, 112), (97, 97), (107, 107), (96, 128)]
OTHERS = [(112, 112)]


def both(room, plan, dtype, images=2):
    """The outputs of every layer, from the framework and from the judge."""
    paths = find_endpoints(plan, "units")
    net = room.run.load_network(plan, seeded(plan), dtype)
    assert room.run.count_parameters(net) == plan.parameter_count
    found, right = room.run.run(net, noise(plan, images), paths), kept_outputs(plan, images, paths)
    assert found.keys() == right.keys()
    return found, right


def check(found, right, dtype):
    """Every layer as near to the judge as the type allows."""
    far = {path: relative(found[path], right[path]) for path in right}
    assert {path: d for path, d in far.items() if not d <= TOLERANCES[dtype]} == {}


PAPERS = [name for name in NETWORKS if "." not in name]  # the others are the same where size counts


@pytest.mark.parametrize("name", PAPERS)
def test_every_layer_at_native_size(room, name):
    check(*both(room, native(name, aux=True), "float64", images=1), "float64")


# Together they have every kind of layer at this size.
KINDS = "googlenet", "googlenet.paper", "inception_v2", "inception_v3.input", "inception_resnet_v1"
KINDS = *KINDS, "inception_resnet_v1.facenet", "xception", "googlenet.torchvision"


def kinds(name):
    """The kinds of layer in a network."""
    return {type(node.word) for node in make_plan(network(name, **as_built(name))).nodes()}


def test_together_they_have_every_kind_of_layer():
    assert set().union(*map(kinds, KINDS)) == set().union(*map(kinds, NETWORKS))


@pytest.mark.parametrize("name", KINDS)
def test_every_layer_in_float32(room, name):
    """In a batch of two, of which one must not get what is the other's."""
    check(*both(room, planned(name, (107, 139), name in GOOGLENETS), "float32"), "float32")


@pytest.mark.parametrize("name", ["googlenet.paper", "inception_v2"])
def test_every_layer_in_bfloat16(room, name):
    plan = planned(name, (96, 96), aux=name in GOOGLENETS, classes=10)
    if room.name == "paddle":
        with pytest.raises(UsageError, match="by its predictor alone"):
            both(room, plan, "bfloat16")
        return
    found, right = both(room, plan, "bfloat16")
    check(found, right, "bfloat16")
    assert relative(found["logits"], right["logits"]) > 1e-4  # it is no name for float32
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}


SIZED = [(name, size) for name in GOOGLENETS for size in (SIZES if name == "googlenet" else OTHERS)]


@pytest.mark.parametrize(("name", "size"), SIZED, ids=str)
def test_every_shape_and_layer_at_other_sizes(room, name, size):
    plan = planned(name, size, classes=10, aux=True)
    found, right = both(room, plan, "float64", images=1)
    for path in find_endpoints(plan, "units"):
        assert found[path].shape == (1, *plan.find(path).output)
    check(found, right, "float64")


@pytest.mark.parametrize(
    "options", [{"input": (1, 64, 64)}, {"classes": 0}, {"input": (5, 97, 65)}]
)
def test_other_channels_and_features(room, options):
    plan = make_plan(network("googlenet", **options))
    found, right = both(room, plan, "float64")
    assert plan.network.output in found
    assert max(relative(found[path], right[path]) for path in right) <= TOLERANCES["float64"]


def test_a_face_is_512_numbers_of_length_1(room):
    plan = planned("inception_resnet_v1.facenet", (96, 96), classes=0)
    found, right = both(room, plan, "float64", images=3)
    check(found, right, "float64")
    assert found["features"].shape == (3, 512)
    np.testing.assert_allclose((found["features"] ** 2).sum(axis=1), 1, rtol=1e-12)


def test_a_head_travels_under_its_name(room):
    """aux1 hangs on 4a and aux2 on 4d: other inputs, other weights, other values."""
    found, right = both(room, planned(size=(96, 96), classes=10, aux=True), "float64")
    assert relative(right["aux1"], right["aux2"]) > 0.1
    assert relative(found["aux1"], right["aux1"]) < 1e-12
    assert relative(found["aux2"], right["aux2"]) < 1e-12


def test_values_are_not_trivial(room):
    found, _ = both(room, planned(aux=True), "float64", images=1)
    assert all(np.std(array) > 0 for array in found.values())
