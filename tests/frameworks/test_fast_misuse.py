"""`fast` gives the network's own answer or raises an error, whatever its input."""

import importlib
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import noise, planned, seeded

from common.reference.numerics import relative_difference
from common.tools.analysis.compare import TOLERANCES

PLAN = planned("googlenet.torchvision", (33, 33), classes=12)
X = noise(PLAN, images=3).astype(np.float32)


def layers_of(impl, net):
    """All layers of a network, including the network itself."""
    match impl.name:
        case "pytorch":
            return list(net.modules())
        case "tensorflow":
            return [net, *net.layers]
    return net.sublayers(include_self=True)


def modes(impl, net):
    """The training flag of each layer."""
    flag = "trainable" if impl.name == "tensorflow" else "training"
    return [getattr(layer, flag) for layer in layers_of(impl, net)]


@pytest.fixture(scope="module")
def made(impl):
    """A training network with frozen batch norms, its fast form, and its modes before and after."""
    net = impl.runner.load_network(PLAN, seeded(PLAN), "float32")
    if impl.name != "tensorflow":
        net.train()
    for layer in layers_of(impl, net):
        if "BatchNorm" in type(layer).__name__ and impl.name == "tensorflow":
            layer.trainable = False
        elif "BatchNorm" in type(layer).__name__:
            layer.eval()
    before = modes(impl, net)
    quick = impl.package.fast(net)
    after = modes(impl, net)
    if impl.name != "tensorflow":
        net.eval()
    for x in 2 * [impl.runner.tensor(net, X)]:  # PyTorch compiles for the second batch of a shape
        quick(x)
    return SimpleNamespace(net=net, quick=quick, before=before, after=after)


def call(impl, net, x):
    """The network's own logits in evaluation mode."""
    return numbers(net(x, training=False) if impl.name == "tensorflow" else net(x))


def numbers(value):
    """A tensor of the framework as a NumPy array."""
    return (value.detach() if hasattr(value, "detach") else value).numpy()


def view(impl, net, kind):
    """The images as a view of a larger or transposed tensor of the framework."""
    if kind == "strided":
        return impl.runner.tensor(net, np.repeat(X, 2, axis=0))[::2]
    if kind == "cropped":
        wide = impl.runner.tensor(net, np.concatenate([X, X], axis=3))
        return wide[:, :, :33] if impl.name == "tensorflow" else wide[..., :33]
    turned = impl.runner.tensor(net, np.ascontiguousarray(X.swapaxes(2, 3)))
    match impl.name:
        case "pytorch":
            return turned.transpose(2, 3)
        case "paddle":
            return turned.transpose([0, 1, 3, 2])
    import tensorflow

    return tensorflow.transpose(turned, [0, 2, 1, 3])


@pytest.fixture(scope="module")
def reader(impl):
    """A network whose fast form in Paddle reads the memory of its input without a copy."""
    plan = planned("inception_v2", (33, 33), classes=12)
    net = impl.runner.load_network(plan, seeded(plan), "float32")
    if impl.name != "tensorflow":
        net.eval()
    quick = impl.package.fast(net)
    for x in 2 * [impl.runner.tensor(net, X)]:
        quick(x)
    return SimpleNamespace(net=net, quick=quick)


@pytest.mark.parametrize("kind", ["strided", "cropped", "transposed"])
def test_a_view_is_read_as_it_is(impl, reader, kind):
    x = view(impl, reader.net, kind)
    expected = call(impl, reader.net, impl.runner.tensor(reader.net, X))
    assert relative_difference(call(impl, reader.net, x), expected) <= TOLERANCES["float32"]
    assert relative_difference(numbers(reader.quick(x)), expected) <= TOLERANCES["float32"]


WRONG = {
    "another size": np.ones((2, 3, 33, 35), np.float32),
    "axes in another order": np.ones((2, 33, 3, 33), np.float32),
    "another number of channels": np.ones((2, 4, 33, 33), np.float32),
    "no images": X[:0],
}


@pytest.mark.parametrize("what", [*WRONG, "no batch axis"])
def test_another_shape_is_refused_in_every_call(impl, made, what):
    x = impl.runner.tensor(made.net, WRONG.get(what, X[:1]))
    x = x[0] if what == "no batch axis" else x
    for right in (X, X[:1]):  # Keras retraces for the second batch size
        made.quick(impl.runner.tensor(made.net, right))
        with pytest.raises(ValueError, match=r"expects batches of shape N\S+, not \S+; "):
            made.quick(x)
    # Keras itself raises before our code is called, and its convolutions fail without images.
    with pytest.raises(Exception, match="33" if what != "no images" else "0"):
        call(impl, made.net, x)


def test_the_advice_is_that_which_helps(impl, made):
    for images, told in (
        (X[:0], "the batch must not be empty$"),
        (X[..., :32], "set the size with `input`"),
    ):
        with pytest.raises(ValueError, match=told):
            made.quick(impl.runner.tensor(made.net, images))
    with pytest.raises(ValueError, match=r"add a batch axis, as in x\[None\]$"):
        made.quick(impl.runner.tensor(made.net, X)[0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_do_not_vanish(impl, made, value):
    """One pixel of the first image and all of the second are changed; the third is unchanged."""
    x = X.copy()
    x[0, :, 16, 16], x[1] = value, value
    x = impl.runner.tensor(made.net, x)
    found, expected = numbers(made.quick(x)), call(impl, made.net, x)
    assert not np.isfinite(found[1]).all()
    for ours, theirs in zip(found, expected, strict=True):
        if np.isfinite(ours).all():
            assert relative_difference(ours, theirs) <= TOLERANCES["float32"]
    assert np.isfinite(found[2]).all()


def test_every_layer_keeps_its_mode(made):
    assert made.after == made.before
    assert len(set(made.before)) == 2  # some are frozen


def test_a_failure_leaves_the_modes(impl, monkeypatch):
    part = PLAN.subplan(PLAN.body.children[:2])
    net = impl.runner.load_network(
        part, {n: seeded(PLAN)[n] for n in part.array_shapes()}, "float32"
    )
    if impl.name != "tensorflow":
        net.train()
    before = modes(impl, net)
    inside = {"pytorch": "keep_nan", "tensorflow": "copy_layer", "paddle": "TemporaryDirectory"}
    module = importlib.import_module(f"{impl.name}_impl.fast")
    monkeypatch.setattr(module, inside[impl.name], lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        impl.package.fast(net)
    assert modes(impl, net) == before


def test_the_weights_are_those_of_the_call_of_fast(impl, made):
    x = impl.runner.tensor(made.net, X)
    before, arrays = numbers(made.quick(x)), impl.weights.get_arrays(made.net)
    try:
        impl.weights.set_arrays(made.net, {name: 0.5 * array for name, array in arrays.items()})
        np.testing.assert_array_equal(numbers(made.quick(x)), before)
        assert relative_difference(call(impl, made.net, x), before) > 0.01
    finally:
        impl.weights.set_arrays(made.net, arrays)


def test_threads_get_their_own_answers(impl, made):
    batches = [impl.runner.tensor(made.net, noise(PLAN, images=1) * (n + 1)) for n in range(2)]
    expected = [numbers(made.quick(x)) for x in batches]
    found = [[], []]

    def work(n):
        for _ in range(8):
            found[n].append(numbers(made.quick(batches[n])))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(2):
        assert len(found[n]) == 8
        assert all(
            relative_difference(each, expected[n]) <= TOLERANCES["float32"] for each in found[n]
        )
