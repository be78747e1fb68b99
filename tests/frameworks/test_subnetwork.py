"""Parts of a network compute what the whole network does; TF-Slim's pool gives a map of logits."""

import numpy as np
import pytest
from conftest import planned, seeded

from common.errors import UsageError
from common.files import weights
from common.networks import network
from common.reference import network as reference
from common.spec.planner import make_plan

PARTS = [
    ("googlenet", None, "inception3a"),
    ("inception_resnet_v1", None, "block35"),
    ("googlenet.slim", "inception3a", "maxpool3"),
    ("inception_v2.slim", "inception3a", None),
]


def run_part(impl, plan, arrays, x):
    """The output of a framework for a plan, in float64."""
    net = impl.runner.load_network(plan, {name: arrays[name] for name in plan.shapes}, "float64")
    return impl.runner.forward_pass(net, x, [])[plan.spec.output]


@pytest.mark.parametrize(("name", "since", "until"), PARTS)
def test_a_part_computes_what_the_network_does(impl, name, since, until):
    whole = planned(name, (75, 75), classes=5)
    names = [child.path for child in whole.body.children]
    last = until or "logits"
    before = [names[names.index(since) - 1]] if since else []
    arrays = seeded(whole)
    x = np.random.default_rng(0).standard_normal((2, *whole.spec.input))
    maps = reference.forward_pass(
        reference.load_network(whole, arrays, "float64"), x, [*before, *([until] if until else [])]
    )
    x = maps[before[0]] if since else x
    plan = make_plan(network(name, x.shape[1:], 5, since=since, until=until))
    found = run_part(impl, plan, arrays, x)
    np.testing.assert_allclose(found, maps[last], rtol=0, atol=1e-12 * abs(maps[last]).max())


def test_a_network_is_built_up_to_a_step_and_loads_whole_files(impl, tmp_path):
    whole = planned("googlenet", (96, 96), classes=5, aux=True)
    expected = seeded(whole)
    weights.write(tmp_path / "w.safetensors", expected, whole)
    net = impl.package.network("googlenet", (3, 96, 96), until="inception4e")
    impl.package.load_weights(net, tmp_path / "w.safetensors")
    impl.package.save_weights(net, tmp_path / "part.safetensors")
    arrays, _ = weights.read(tmp_path / "part.safetensors")
    assert "inception4e.branch1.conv.weight" in arrays
    assert not any(name.startswith(("inception5a", "fc", "aux")) for name in arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected[name])


def test_a_fixed_window_slides_over_larger_images(impl):
    """At each place the map has the logits of the window of feature maps there."""
    plan = make_plan(network("googlenet.slim", (3, 256, 288), 5, global_pool=False))
    assert plan.body.output == (5, 2, 3)
    arrays = seeded(plan)
    x = np.random.default_rng(0).standard_normal((1, *plan.spec.input))
    net = impl.runner.load_network(plan, arrays, "float64")
    found = impl.runner.forward_pass(net, x, ["inception5b"])
    maps, logits = found["inception5b"][0], found["logits"][0]
    matrix, bias = arrays["fc.weight"][:, :, 0, 0].astype(np.float64), arrays["fc.bias"]
    for row in range(2):
        for column in range(3):
            window = maps[:, row : row + 7, column : column + 7].mean(axis=(1, 2))
            expected = matrix @ window + bias
            np.testing.assert_allclose(logits[:, row, column], expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (
            {"until": "inception6a"},
            "'inception6a' is not a layer of googlenet's body; choose from: conv1,",
        ),
        ({"since": "conv3", "until": "conv1"}, "'conv3' comes after 'conv1'"),
        ({"until": "conv3", "aux": True}, "googlenet with since or until has no auxiliary heads"),
        ({"global_pool": False}, "needs a classifier that is a convolution, as in googlenet.slim"),
    ],
)
def test_what_cannot_be_a_part(impl, options, fault):
    with pytest.raises(UsageError, match=fault):
        impl.package.network("googlenet", **options)
