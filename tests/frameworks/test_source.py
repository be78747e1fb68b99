"""The printed source is the network: our weights fit it strictly, it computes the same."""

import importlib
from contextlib import contextmanager

import numpy as np
import pytest
from conftest import noise, seeded
from every_network import HEADS, as_built, head_alone, long_variants
from kept import kept_outputs

from common.files.layouts import PADDLE
from common.jobs.frameworks import import_printer
from common.jobs.perform import find_endpoints
from common.networks import NETWORKS, network
from common.planner import make_plan
from common.reference import relative
from common.rewrite import without_dropout
from common.spec import Affine, Residual

RATE = 0.1
# Every network as it is in test_every_network.py: GoogLeNets with their heads, the others without.
CASES = [pytest.param(name, as_built(name), marks=long_variants(name)) for name in NETWORKS]
# And otherwise: without heads or classes, at the smallest sizes at which all fits, odd ones too.
CASES += [
    ("googlenet", {}),
    ("googlenet", {"aux": True}),  # whose heads flatten maps of 4 x 4
    ("googlenet", {"classes": 0, "input": (1, 97, 65)}),
    ("googlenet.paper", {"classes": 3, "aux": True, "input": (3, 96, 130)}),
    ("googlenet.torchvision", {"classes": 3, "aux": True, "input": (3, 96, 130)}),
    ("inception_v2.slim", {"classes": 4, "input": (3, 97, 64)}),
    ("inception_v3", {"classes": 7, "aux": True, "input": (3, 299, 301)}),
    ("inception_resnet_v2.keras", {"classes": 0, "input": (3, 120, 139)}),
    ("xception", {"classes": 5, "input": (1, 96, 97)}),
]
# Heads and biases; batch norm with a scale and without, averages that count the border or not.
TRAINED = [
    ("googlenet", {"classes": 3, "aux": True, "input": (3, 96, 96)}),
    ("googlenet.torchvision", {"classes": 3, "aux": True, "input": (1, 96, 96)}),
    ("inception_v2.slim", {"classes": 3, "input": (3, 97, 64)}),
]


def words(value):
    """A case as a word: the network's name, or what is asked for beside it."""
    return value if isinstance(value, str) else "-".join(value) or "plain"


def printed(framework, plan):
    """The source as a module, under a name that no file has."""
    text = import_printer(framework).source(plan)
    assert "_impl" not in text
    assert "common" not in text
    held = {"__name__": "printed"}
    exec(compile(text, f"<{plan.network.name}>", "exec"), held)
    main = text.partition('if __name__ == "__main__":')[2]
    [name] = [each for each in held if f" {each}()" in main or f"in {each}()." in main]
    return held, held[name]()


def load_pytorch(held, net, plan, arrays):
    """As PyTorch's users load a state dict."""
    import torch

    assert held
    assert plan
    net.load_state_dict({name: torch.from_numpy(each) for name, each in arrays.items()})


def load_paddle(held, net, plan, arrays):
    """As Paddle's users do; a scale that never learns stands in where a network has none."""
    assert held
    state = PADDLE.outward(plan, arrays)
    own = net.state_dict()
    fixed = {
        name for name, each in net.named_parameters() if each.optimize_attr["learning_rate"] == 0
    }
    assert own.keys() - state.keys() == fixed
    assert state.keys() <= own.keys()
    for name, each in state.items():
        assert list(own[name].shape) == list(each.shape)
    ones = {name: np.ones(own[name].shape, np.float32) for name in fixed}
    assert net.set_state_dict(state | ones) == ([], [])


def load_tensorflow(held, net, plan, arrays):
    """By the loader that is printed too."""
    assert plan
    held["load_weights"](net, arrays)


@contextmanager
def in_float64(framework):
    """Keras makes networks in float64 meanwhile; the others' are widened afterwards."""
    if framework != "tensorflow":
        yield
        return
    from keras import config

    before = config.floatx(), config.dtype_policy()
    config.set_floatx("float64")
    config.set_dtype_policy("float64")
    try:
        yield
    finally:
        config.set_floatx(before[0])
        config.set_dtype_policy(before[1])


def widened(framework, net):
    """The network in float64, with its constants rounded to float32 as the plan has them."""
    for layer in net._flatten_layers() if framework == "tensorflow" else []:
        if hasattr(layer, "epsilon"):
            layer.epsilon = float(np.float32(layer.epsilon))
    if framework == "paddle":
        net.to(dtype="float64")
    if framework == "pytorch":
        import torch

        for each in net.double().modules():
            if isinstance(each, torch.nn.BatchNorm2d):
                each.eps = float(np.float32(each.eps))
                each.momentum = 1 - float(np.float32(1 - each.momentum))
    return net


def outputs(framework, net, x):
    """The result for a batch under no name, and those of the heads, with layers in evaluation."""
    if framework == "tensorflow":
        keras = importlib.import_module("keras")
        x = np.moveaxis(x, 1, -1)
        named = keras.Model(net.input, net.output)(x) if isinstance(net.output, dict) else {}
        found = named | {"": net(x, training=False)}
        return {name: np.asarray(value) for name, value in found.items()}
    package = importlib.import_module({"pytorch": "torch"}.get(framework, framework))
    x = package.as_tensor(x) if framework == "pytorch" else package.to_tensor(x)
    net.eval()
    result = net(x)
    net.training = True  # of the network alone
    named = net(x)
    found = (named if isinstance(named, dict) else {}) | {"": result}
    return {name: value.detach().numpy() for name, value in found.items()}


@pytest.mark.parametrize(("name", "options"), CASES, ids=words)
def test_printed_source_takes_our_weights_and_computes_the_same(room, name, options):
    check_source(room, make_plan(network(name, **options)))


@pytest.mark.parametrize("name", HEADS)
def test_printed_source_of_heads_that_need_large_maps(room, name):
    check_source(room, head_alone(name))


def check_source(room, plan):
    """Whether a plan's printed source takes our weights and computes what the reference does."""
    paths = find_endpoints(plan, "units")
    right = kept_outputs(plan, 1, paths)
    with in_float64(room.name):
        held, net = printed(room.name, plan)
        globals()[f"load_{room.name}"](held, net, plan, seeded(plan))
        found = outputs(room.name, widened(room.name, net), noise(plan, images=1))
    found[plan.network.output] = found.pop("")
    assert found.keys() == {plan.network.output, *plan.heads}
    far = {name: relative(array, right[name]) for name, array in found.items()}
    # Keras' Rescaling rounds its constants to float32.
    bound = 1e-7 if room.name == "tensorflow" and has_constants(plan) else 1e-12
    assert {name: distance for name, distance in far.items() if not distance <= bound} == {}


def has_constants(plan):
    """Whether anything is multiplied by a constant of the table."""
    words = [node.word for node in plan.nodes()]
    scales = [word.scale for word in words if isinstance(word, Residual)]
    return any(isinstance(word, Affine) for word in words) or any(each != 1 for each in scales)


def step_pytorch(net, x, labels, weights):
    """One step of SGD, as PyTorch's users take it; what all parameters and statistics become."""
    import torch

    # The built network's constants are rounded to float32, as Paddle's are; the printed ones not.
    outputs = widened("pytorch", net).train()(torch.from_numpy(x))
    outputs = outputs if isinstance(outputs, dict) else dict.fromkeys(weights, outputs)
    wanted = torch.from_numpy(labels)
    losses = [
        weight * torch.nn.functional.cross_entropy(outputs[name], wanted)
        for name, weight in weights.items()
    ]
    sum(losses).backward()
    torch.optim.SGD(net.parameters(), RATE).step()
    return {name: each.numpy() for name, each in net.state_dict().items()}


def step_paddle(net, x, labels, weights):
    """The same, as Paddle's users take it."""
    import paddle

    net.to(dtype="float64")
    net.train()
    outputs = net(paddle.to_tensor(x))
    outputs = outputs if isinstance(outputs, dict) else dict.fromkeys(weights, outputs)
    wanted = paddle.to_tensor(labels)
    losses = [
        weight * paddle.nn.functional.cross_entropy(outputs[name], wanted)
        for name, weight in weights.items()
    ]
    sum(losses).backward()
    paddle.optimizer.SGD(RATE, net.parameters()).step()
    return {name: each.numpy() for name, each in net.state_dict().items()}


def step_tensorflow(net, x, labels, weights):
    """The same, as Keras' users take it."""
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    many = isinstance(net.output, dict)
    named = {"loss": dict.fromkeys(weights, loss), "loss_weights": weights}
    named = named if many else {"loss": loss}
    net.compile(keras.optimizers.SGD(RATE), **named, run_eagerly=True)  # no graph for one step
    batch = np.moveaxis(x, 1, -1).astype(np.float32)
    net.train_on_batch(batch, dict.fromkeys(weights, labels) if many else labels)
    return {
        f"{each.name}/{n}": np.array(v) for each in net.layers for n, v in enumerate(each.weights)
    }


@pytest.mark.parametrize(("name", "options"), TRAINED, ids=words)
def test_printed_source_counts_its_parameters(room, name, options, capsys):
    plan = make_plan(network(name, **options))
    exec(import_printer(room.name).source(plan), {"__name__": "__main__"})
    assert capsys.readouterr().out == f"{plan.parameter_count} parameters\n"


@pytest.mark.parametrize(("name", "options"), TRAINED, ids=words)
def test_a_step_of_printed_source_is_that_of_the_built_network(room, name, options):
    plan = make_plan(without_dropout(network(name, **options)))
    arrays = seeded(plan)
    held, net = printed(room.name, plan)
    globals()[f"load_{room.name}"](held, net, plan, arrays)
    built = room.run.load_network(plan, arrays, "float32")
    step = globals()[f"step_{room.name}"]
    with_batch = noise(plan), np.array([0, 2]), plan.loss_weights()
    found, right = step(net, *with_batch), step(built, *with_batch)
    assert found.keys() == right.keys()
    far = {key: relative(found[key], each) for key, each in right.items()}
    bound = 1e-6 if room.name == "tensorflow" else 1e-12
    assert {key: distance for key, distance in far.items() if distance > bound} == {}
