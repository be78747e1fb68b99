"""Tests of the network as its users see it: counts, modes, names, weights and errors."""

import numpy as np
import pytest
from conftest import noise, planned, seeded
from facts import FACTS
from readme import code

from common.errors import DataError, UsageError
from common.files import weights
from common.networks import GOOGLENETS, network
from common.spec.planner import make_plan


@pytest.mark.parametrize("name", GOOGLENETS)
def test_the_framework_counts_what_the_plan_does(impl, name):
    """Counts are compared with heads, if any, and block by block where the counts are known.

    The plan's counts have a test of their own; other networks are in test_every_network.py.
    """
    options = {"aux": bool(network(name).heads)}
    net = impl.package.network(name, **options)
    expected = make_plan(network(name, **options)).parameter_count
    assert impl.runner.count_parameters(net) == expected
    held = impl.weights.get_arrays(net)
    for block, expected in FACTS[name].blocks.items():
        sizes = [array.size for path, array in held.items() if path.startswith(f"{block}.")]
        assert sum(sizes) == expected, block


# Each kind of ending: linear, 1x1 convolution, dropout that scales in evaluation, embedding.
ENDINGS = "googlenet", "googlenet.slim", "googlenet.paddle_vision", "inception_resnet_v1.facenet"


@pytest.mark.parametrize("name", ENDINGS)
def test_the_framework_counts_features_as_the_plan_does(impl, name):
    expected = make_plan(network(name, classes=0)).parameter_count
    assert impl.runner.count_parameters(impl.package.network(name, classes=0)) == expected


FULL = planned(classes=10, aux=True)


def batch(impl, plan):
    """A batch in the framework's own axis order, as a user would pass it."""
    return impl.runner.tensor(impl.package.network("googlenet", input=plan.spec.input), noise(plan))


def forward(impl, net, x, training):
    """Calls the network as users of each framework do."""
    if impl.name == "tensorflow":
        return net(x, training=training)
    net.train() if training else net.eval()
    return net(x)


def test_training_returns_names_and_evaluation_logits(impl):
    plan = planned(size=(96, 96), classes=10, aux=True)
    net = impl.package.googlenet(input=(3, 96, 96), classes=10, aux=True)
    x = batch(impl, plan)
    trained = forward(impl, net, x, training=True)
    assert set(trained) == {"logits", "aux1", "aux2"}
    assert {tuple(value.shape) for value in trained.values()} == {(2, 10)}
    assert tuple(forward(impl, net, x, training=False).shape) == (2, 10)


def test_without_heads_both_modes_return_logits(impl):
    plan = planned(size=(96, 96), classes=10)
    net = impl.package.googlenet(input=(3, 96, 96), classes=10)
    for training in (True, False):
        assert tuple(forward(impl, net, batch(impl, plan), training).shape) == (2, 10)


def test_weights_go_in_and_come_back_bit_for_bit(impl, tmp_path):
    plan = planned(size=(96, 96), classes=10, aux=True)
    net = impl.package.googlenet(input=(3, 96, 96), classes=10, aux=True)
    arrays = seeded(plan)
    impl.weights.set_arrays(net, arrays)
    impl.package.save_weights(net, tmp_path / "w.safetensors")
    other = impl.package.googlenet(input=(3, 96, 96), classes=10, aux=True)
    impl.package.load_weights(other, tmp_path / "w.safetensors")
    back = impl.weights.get_arrays(other)
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


def test_weights_of_other_classes_are_refused(impl, tmp_path):
    net = impl.package.googlenet(classes=10)
    impl.package.save_weights(net, tmp_path / "w.safetensors")
    with pytest.raises(DataError, match=r"fc\.weight is \(10, 1024\) and not \(7, 1024\)"):
        impl.package.load_weights(impl.package.googlenet(classes=7), tmp_path / "w.safetensors")


def test_a_backbone_alone_leaves_classifier_and_heads_as_they_are(impl, tmp_path):
    plan = planned(size=(96, 96), classes=10, aux=True)
    arrays = seeded(plan)
    weights.write(tmp_path / "w.safetensors", arrays, plan)
    net = impl.package.googlenet(input=(3, 96, 96), classes=7, aux=True)
    before = impl.weights.get_arrays(net)
    impl.package.load_weights(net, tmp_path / "w.safetensors", backbone_only=True)
    for name, array in impl.weights.get_arrays(net).items():
        ending = name.split(".")[0] in ("fc", "aux1", "aux2")
        np.testing.assert_array_equal(array, before[name] if ending else arrays[name])


def small(impl, **options):
    """A network that is fast to build."""
    return impl.package.googlenet(**{"input": (3, 33, 33), "classes": 5} | options)


@pytest.mark.parametrize(
    "options",
    [
        {"classes": "10"},
        {"classes": 10.0},
        {"classes": True},
        {"classes": -1},
        {"input": "3x33x33"},
        {"input": 33},
        {"input": (3, 33.0, 33)},
        {"input": (3, True, 33)},
        {"input": (33, 33)},
        {"input": np.ones((3, 33, 33))},
        {"aux": "no"},
        {"aux": 1},
    ],
    ids=repr,
)
def test_an_argument_of_another_kind_is_refused(impl, options):
    [(name, _)] = options.items()
    with pytest.raises(UsageError, match=rf"^[^\n]*{name}[^\n]{{,90}}$"):
        impl.package.network("googlenet", **options)


def test_whole_numbers_of_any_kind_are_taken(impl, tmp_path):
    for input in ([3, 33, 33], np.array([3, 33, 33]), (3, np.int64(33), 33)):
        net = small(impl, input=input, classes=np.int64(5))
        assert net.plan.spec.input == (3, 33, 33)
    impl.package.save_weights(net, tmp_path / "w.safetensors")
    assert weights.read(tmp_path / "w.safetensors")[1]["input"] == [3, 33, 33]


@pytest.mark.parametrize("shape", [(3, 33, 33), (0, 3, 33, 33), (1, 33, 3, 33), (1, 4, 33, 33)])
def test_a_batch_of_another_shape_is_refused(impl, shape):
    """Keras itself raises before our code is called, and its convolutions fail without images."""
    net = small(impl)
    x = impl.runner.tensor(net, np.ones(shape[-4:] if len(shape) == 4 else (1, *shape), np.float32))
    told = "expects batches of shape Nx3x33x33, not " + "x".join(map(str, shape))
    with pytest.raises(Exception, match="33|0" if impl.name == "tensorflow" else told):
        forward(impl, net, x if len(shape) == 4 else x[0], training=False)


def test_another_input_size_is_refused(impl):
    net = impl.package.googlenet(input=(3, 96, 96))
    with pytest.raises(ValueError, match=r"96"):
        forward(impl, net, batch(impl, planned(size=(112, 112))), training=False)


def test_the_readmes_lines_run(impl, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    weights.write(tmp_path / "googlenet.safetensors", seeded(FULL), FULL)
    exec(code(impl.name), {})
