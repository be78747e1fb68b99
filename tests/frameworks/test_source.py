"""The printed source is the network: it loads our weights strictly and computes the same."""

import importlib
from contextlib import contextmanager

import biased
import numpy as np
import pytest
from conftest import noise, seeded
from every_network import HEADS, as_built, head_alone, long_variants
from reference_cache import cached_outputs

from common.files.framework_axes import PADDLE
from common.jobs.network_work import find_endpoints
from common.networks import NETWORKS, network
from common.reference.numerics import relative_difference
from common.spec import Affine, Residual
from common.spec.planner import make_plan
from common.spec.rewrite import without_dropout
from common.tools.source.printer import import_printer

RATE = 0.1
# Every network as in test_every_network.py: GoogLeNets with their heads, the others without.
CASES = [pytest.param(name, as_built(name), marks=long_variants(name)) for name in NETWORKS]
# Other options: without heads or classes, at the smallest sizes that fit, including odd ones.
CASES += [
    ("googlenet", {}),
    ("googlenet", {"aux": True}),  # its heads flatten 4 x 4 maps
    ("googlenet", {"classes": 0, "input": (1, 97, 65)}),
    ("googlenet.paper", {"classes": 3, "aux": True, "input": (3, 96, 130)}),
    ("googlenet.torchvision", {"classes": 3, "aux": True, "input": (3, 96, 130)}),
    ("inception_v2.slim", {"classes": 4, "input": (3, 97, 64)}),
    ("inception_v3", {"classes": 7, "aux": True, "input": (3, 299, 301)}),
    ("inception_resnet_v2.keras", {"classes": 0, "input": (3, 120, 139)}),
    ("xception", {"classes": 5, "input": (1, 96, 97)}),
]
# Heads and biases; batch norm with and without a scale; averages that count the border or not.
TRAINED = [
    ("googlenet", {"classes": 3, "aux": True, "input": (3, 96, 96)}),
    ("googlenet.torchvision", {"classes": 3, "aux": True, "input": (1, 96, 96)}),
    ("inception_v2.slim", {"classes": 3, "input": (3, 97, 64)}),
]


def words(value):
    """The test id of a parameter: the network's name, or the names of its options."""
    return value if isinstance(value, str) else "-".join(value) or "plain"


def printed(framework, plan):
    """Executes the source; returns its namespace and the network that it builds."""
    text = import_printer(framework).source(plan).text
    assert "_impl" not in text
    assert "common" not in text
    held = {"__name__": "printed"}
    exec(compile(text, f"<{plan.spec.name}>", "exec"), held)
    main = text.partition('if __name__ == "__main__":')[2]
    [name] = [each for each in held if f" {each}()" in main or f"in {each}()." in main]
    return held, held[name]()


def load_pytorch(held, net, plan, arrays):
    """Loads a state dict, as PyTorch's users do."""
    import torch

    assert held
    assert plan
    net.load_state_dict({name: torch.from_numpy(each) for name, each in arrays.items()})


def load_paddle(held, net, plan, arrays):
    """Loads a state dict, as Paddle's users do; a fixed scale replaces one that is missing."""
    assert held
    state = PADDLE.to_layout(plan, arrays)
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
    """Loads weights with the loader that is printed with the network."""
    assert plan
    held["load_weights"](net, arrays)


@contextmanager
def in_float64(framework):
    """Makes Keras build networks in float64; the other frameworks' are widened afterwards."""
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
    """The network in float64, with its constants rounded to float32 as in the plan."""
    for layer in net._flatten_layers() if framework == "tensorflow" else []:
        if hasattr(layer, "epsilon"):
            layer.epsilon = float(np.float32(layer.epsilon))
    if framework == "paddle":
        net.to(dtype="float64")
    if framework == "pytorch":
        import torch

        for each in net.double().modules():
            if isinstance(each, torch.nn.modules.batchnorm._BatchNorm):
                each.eps = float(np.float32(each.eps))
                each.momentum = 1 - float(np.float32(1 - each.momentum))
    return net


def outputs(framework, net, x):
    """The result for a batch, under an empty name, and the heads', with layers in evaluation."""
    if framework == "tensorflow":
        keras = importlib.import_module("keras")
        x = np.moveaxis(x, 1, -1)
        named = keras.Model(net.input, net.output)(x) if isinstance(net.output, dict) else {}
        found = named | {"": net(x, training=False)}
        return {name: np.asarray(value) for name, value in found.items()}
    package = importlib.import_module({"pytorch": "torch"}.get(framework, framework))
    x = package.as_tensor(x) if framework == "pytorch" else package.to_tensor(x)
    net.eval()
    found = {"": net(x)}
    net.training = True  # of the network only, not of its layers
    found |= named if isinstance(named := net(x), dict) else {}
    return {name: value.detach().numpy() for name, value in found.items()}


@pytest.mark.parametrize(("name", "options"), CASES, ids=words)
def test_printed_source_takes_our_weights_and_computes_the_same(impl, name, options):
    check_source(impl, make_plan(network(name, **options)))


@pytest.mark.parametrize("name", HEADS)
def test_printed_source_of_heads_that_need_large_maps(impl, name):
    check_source(impl, head_alone(name))


def check_source(impl, plan):
    """Asserts that a plan's printed source takes our weights and matches the reference."""
    paths = find_endpoints(plan, "units")
    right = cached_outputs(plan, 1, paths)
    with in_float64(impl.name):
        held, net = printed(impl.name, plan)
        globals()[f"load_{impl.name}"](held, net, plan, seeded(plan))
        found = outputs(impl.name, widened(impl.name, net), noise(plan, images=1))
    found[plan.spec.output] = found.pop("")
    assert found.keys() == {plan.spec.output, *plan.heads}
    far = {name: relative_difference(array, right[name]) for name, array in found.items()}
    # Keras' Rescaling rounds its constants to float32.
    bound = 1e-7 if impl.name == "tensorflow" and has_constants(plan) else 1e-12
    assert {name: distance for name, distance in far.items() if not distance <= bound} == {}


def has_constants(plan):
    """Whether any layer multiplies by a constant of the table."""
    layers = [node.layer for node in plan.nodes()]
    scales = [layer.scale for layer in layers if isinstance(layer, Residual)]
    return any(isinstance(layer, Affine) for layer in layers) or any(each != 1 for each in scales)


def step_pytorch(net, x, labels, weights):
    """Takes one SGD step, as PyTorch's users do; returns all parameters and buffers after it."""
    import torch

    # The built network's constants are rounded to float32, as are Paddle's; printed ones are not.
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
    """The same step, as Paddle's users take it."""
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
    """The same step, as Keras' users take it."""
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
def test_printed_source_counts_its_parameters(impl, name, options, capsys):
    plan = make_plan(network(name, **options))
    exec(import_printer(impl.name).source(plan).text, {"__name__": "__main__"})
    assert capsys.readouterr().out == f"{plan.parameter_count} parameters\n"


@pytest.mark.parametrize(("name", "options"), TRAINED, ids=words)
def test_a_step_of_printed_source_is_that_of_the_built_network(impl, name, options):
    plan = make_plan(without_dropout(network(name, **options)))
    arrays = seeded(plan)
    held, net = printed(impl.name, plan)
    globals()[f"load_{impl.name}"](held, net, plan, arrays)
    biased.replace_norms(impl.name, net)
    built = impl.runner.load_network(plan, arrays, "float32")
    step = globals()[f"step_{impl.name}"]
    with_batch = noise(plan), np.array([0, 2]), plan.loss_weights()
    found, right = step(net, *with_batch), step(built, *with_batch)
    assert found.keys() == right.keys()
    far = {key: relative_difference(found[key], each) for key, each in right.items()}
    bound = 1e-6 if impl.name == "tensorflow" else 1e-12
    assert {key: distance for key, distance in far.items() if distance > bound} == {}
