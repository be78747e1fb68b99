"""Feature maps by name: the same as those of a whole forward pass, and trained with the network."""

import numpy as np
import pytest
from conftest import planned, seeded

from common.errors import UsageError

NETWORKS = {
    "googlenet": ["inception3b", "maxpool1"],
    "inception_v2.slim": ["conv1", "inception4a"],
    "inception_resnet_v1": ["block35"],
}


def loaded(impl, name):
    """A small network with seeded weights, and its plan."""
    plan = planned(name, (75, 75), classes=5)
    return impl.runner.load_network(plan, seeded(plan), "float64"), plan


def noise(plan):
    """A batch of two images."""
    return np.random.default_rng(0).standard_normal((2, *plan.spec.input))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_maps_are_those_of_the_network(impl, name):
    net, plan = loaded(impl, name)
    names = NETWORKS[name]
    expected = impl.runner.forward_pass(net, noise(plan), names)
    maps = impl.package.features(net, names)
    if impl.name != "tensorflow":
        maps.eval()
    found = maps(impl.runner.tensor(net, noise(plan)))
    assert list(found) == names
    for each in names:
        array = np.asarray(found[each].numpy() if impl.name != "pytorch" else found[each].detach())
        if impl.name == "tensorflow":
            array = array.transpose(0, 3, 1, 2)
        np.testing.assert_allclose(array, expected[each], rtol=0, atol=1e-12 * abs(array).max())


def test_only_the_needed_layers_are_in_it(impl):
    net, plan = loaded(impl, "googlenet")
    maps = impl.package.features(net, ["conv3"])
    arrays = maps.trainable_variables if impl.name == "tensorflow" else list(maps.parameters())
    count = sum(plan.find(step).parameter_count for step in ("conv1", "conv2", "conv3"))
    assert sum(int(np.prod(a.shape)) for a in arrays) == count
    own = net.trainable_variables if impl.name == "tensorflow" else net.parameters()
    assert {id(array) for array in arrays} <= {id(array) for array in own}  # shared, not copied


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["inception6a"], "'inception6a' is not a layer of googlenet's body; choose from: conv1, "),
        (["inception3a.branch1"], "'inception3a.branch1' is not a layer of googlenet's body"),
        ([], "give the name of a layer of googlenet's body"),
    ],
)
def test_a_name_must_be_a_step(impl, names, fault):
    net, _ = loaded(impl, "googlenet")
    with pytest.raises(UsageError, match=fault):
        impl.package.features(net, names)
