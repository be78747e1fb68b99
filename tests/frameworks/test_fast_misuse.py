"""Inference by `fast` gives the network's own answer, or an error, for whatever it is given."""

import importlib
import shutil
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import noise, planned, seeded
from PIL import Image
from test_fast import HAS_BFLOAT16

from common.errors import DataError
from common.files import weights
from common.jobs import scoring
from common.jobs.compare import TOLERANCES
from common.jobs.job import Evaluate, Predict
from common.reference import relative

PLAN = planned("googlenet.torchvision", (33, 33), classes=12)
X = noise(PLAN, images=3).astype(np.float32)


def layers_of(room, net):
    """All layers of a network, itself among them."""
    match room.name:
        case "pytorch":
            return list(net.modules())
        case "tensorflow":
            return [net, *net.layers]
    return net.sublayers(include_self=True)


def modes(room, net):
    """What each layer would do in training."""
    flag = "trainable" if room.name == "tensorflow" else "training"
    return [getattr(layer, flag) for layer in layers_of(room, net)]


@pytest.fixture(scope="module")
def made(room):
    """A network in training with frozen batch norms, its fast form, what `fast` left of it."""
    net = room.run.load_network(PLAN, seeded(PLAN), "float32")
    if room.name != "tensorflow":
        net.train()
    for layer in layers_of(room, net):
        if "BatchNorm" in type(layer).__name__ and room.name == "tensorflow":
            layer.trainable = False
        elif "BatchNorm" in type(layer).__name__:
            layer.eval()
    before = modes(room, net)
    quick = room.package.fast(net)
    after = modes(room, net)
    if room.name != "tensorflow":
        net.eval()
    return SimpleNamespace(net=net, quick=quick, before=before, after=after)


def call(room, net, x):
    """The network's own logits in evaluation."""
    return numbers(net(x, training=False) if room.name == "tensorflow" else net(x))


def numbers(value):
    """A tensor of the framework's in NumPy."""
    return (value.detach() if hasattr(value, "detach") else value).numpy()


def view(room, net, kind):
    """The images as a view of a larger or a turned tensor of the framework."""
    if kind == "strided":
        return room.run.tensor(net, np.repeat(X, 2, axis=0))[::2]
    if kind == "cropped":
        wide = room.run.tensor(net, np.concatenate([X, X], axis=3))
        return wide[:, :, :33] if room.name == "tensorflow" else wide[..., :33]
    turned = room.run.tensor(net, np.ascontiguousarray(X.swapaxes(2, 3)))
    match room.name:
        case "pytorch":
            return turned.transpose(2, 3)
        case "paddle":
            return turned.transpose([0, 1, 3, 2])
    import tensorflow

    return tensorflow.transpose(turned, [0, 2, 1, 3])


@pytest.fixture(scope="module")
def reader(room):
    """A network whose fast form in Paddle reads an input's memory without a copy."""
    plan = planned("inception_v2", (33, 33), classes=12)
    net = room.run.load_network(plan, seeded(plan), "float32")
    if room.name != "tensorflow":
        net.eval()
    return SimpleNamespace(net=net, quick=room.package.fast(net))


@pytest.mark.parametrize("kind", ["strided", "cropped", "transposed"])
def test_a_view_is_read_as_it_is(room, reader, kind):
    x = view(room, reader.net, kind)
    expected = call(room, reader.net, room.run.tensor(reader.net, X))
    assert relative(call(room, reader.net, x), expected) <= TOLERANCES["float32"]
    assert relative(numbers(reader.quick(x)), expected) <= TOLERANCES["float32"]


WRONG = {
    "another size": np.ones((2, 3, 33, 35), np.float32),
    "axes in another order": np.ones((2, 33, 3, 33), np.float32),
    "another number of channels": np.ones((2, 4, 33, 33), np.float32),
    "no images": X[:0],
}


@pytest.mark.parametrize("what", [*WRONG, "no batch axis"])
def test_another_shape_is_refused_in_every_call(room, made, what):
    x = room.run.tensor(made.net, WRONG.get(what, X[:1]))
    x = x[0] if what == "no batch axis" else x
    for right in (X, X[:1]):  # Keras traces anew for the second size of a batch
        made.quick(room.run.tensor(made.net, right))
        with pytest.raises(ValueError, match=r"takes batches of N\S+, and not \S+; "):
            made.quick(x)
    # Keras refuses before our code sees it, and its convolutions fail without images.
    with pytest.raises(Exception, match="33" if what != "no images" else "0"):
        call(room, made.net, x)


def test_the_advice_is_that_which_helps(room, made):
    for images, told in ((X[:0], "leave out empty batches$"), (X[..., :32], "`input` sets")):
        with pytest.raises(ValueError, match=told):
            made.quick(room.run.tensor(made.net, images))
    with pytest.raises(ValueError, match=r"add the batch axis, as x\[None\] does$"):
        made.quick(room.run.tensor(made.net, X)[0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_do_not_vanish(room, made, value):
    """One pixel of the first image, all of the second; the third is as it was."""
    x = X.copy()
    x[0, :, 16, 16], x[1] = value, value
    x = room.run.tensor(made.net, x)
    found, expected = numbers(made.quick(x)), call(room, made.net, x)
    assert not np.isfinite(found[1]).all()
    for ours, theirs in zip(found, expected, strict=True):
        if np.isfinite(ours).all():
            assert relative(ours, theirs) <= TOLERANCES["float32"]
    assert np.isfinite(found[2]).all()


@pytest.mark.parametrize(
    ("dtype", "plain"), [("float32", False), ("float32", True), ("bfloat16", False)]
)
def test_weights_that_overflow_are_refused(room, tmp_path, dtype, plain):
    """Three convolutions in a row whose products are too large for float32."""
    if (room.name, dtype) == ("paddle", "bfloat16") and not HAS_BFLOAT16:
        pytest.skip("Paddle's predictor fails in bfloat16 on this processor")
    plan = planned("inception_v2", (33, 33), classes=12)
    arrays = seeded(plan)
    kernels = [name for name, shape in plan.arrays().items() if len(shape) == 4]
    for name in kernels[:4]:
        arrays[name] *= np.float32(1e25)
    file, image = tmp_path / "w.safetensors", tmp_path / "image.png"
    weights.write(file, arrays, plan)
    Image.fromarray(np.full((33, 33, 3), 200, np.uint8)).save(image)
    options = {"dtype": dtype, "plain": plain, "preprocess": "squeeze"}
    named, told = (
        (room.name, "inception_v2", str(file)),
        r"w\.safetensors: the logits come out as NaN",
    )
    with pytest.raises(DataError, match=told):
        scoring.predict(Predict(*named, [str(image)], **options))
    if not plain:  # quick enough for once
        return
    for kind in ("a", "b"):
        (tmp_path / "data" / kind).mkdir(parents=True)
        for number in range(5):
            shutil.copy(image, tmp_path / "data" / kind / f"{number}.png")
    with pytest.raises(DataError, match=told):
        scoring.score(Evaluate(*named, f"folder:{tmp_path / 'data'}", **options))


def test_every_layer_keeps_its_mode(made):
    assert made.after == made.before
    assert len(set(made.before)) == 2  # some are frozen


def test_a_failure_leaves_the_modes(room, monkeypatch):
    part = PLAN.part(PLAN.body.children[:2])
    net = room.run.load_network(part, {n: seeded(PLAN)[n] for n in part.arrays()}, "float32")
    if room.name != "tensorflow":
        net.train()
    before = modes(room, net)
    inside = {"pytorch": "pack", "tensorflow": "copy_layer", "paddle": "TemporaryDirectory"}
    module = importlib.import_module(f"{room.name}_impl.fast")
    monkeypatch.setattr(module, inside[room.name], lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        room.package.fast(net)
    assert modes(room, net) == before


def test_the_weights_are_those_of_the_call_of_fast(room, made):
    x = room.run.tensor(made.net, X)
    before, arrays = numbers(made.quick(x)), room.weights.get_arrays(made.net)
    try:
        room.weights.set_arrays(made.net, {name: 0.5 * array for name, array in arrays.items()})
        np.testing.assert_array_equal(numbers(made.quick(x)), before)
        assert relative(call(room, made.net, x), before) > 0.01
    finally:
        room.weights.set_arrays(made.net, arrays)


def test_threads_get_their_own_answers(room, made):
    batches = [room.run.tensor(made.net, noise(PLAN, images=1) * (n + 1)) for n in range(2)]
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
        assert all(relative(each, expected[n]) <= TOLERANCES["float32"] for each in found[n])
