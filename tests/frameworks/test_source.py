"""The printed source is the built network: our weights fit it strictly, it computes the same."""

import importlib

import numpy as np
import pytest
from conftest import noise, seeded

from common.files.layouts import PADDLE
from common.jobs.frameworks import import_printer
from common.networks import NETWORKS, network
from common.planner import make_plan
from common.reference import relative

# The smallest sizes at which all fits, odd ones among them.
OTHERS = [
    ("googlenet", {"classes": 0, "input": (1, 97, 65)}),
    ("googlenet.paper", {"classes": 3, "aux": True, "input": (3, 96, 130)}),
    ("googlenet.torchvision", {"classes": 3, "aux": True, "input": (3, 96, 130)}),
    ("inception_v2.slim", {"classes": 4, "input": (3, 97, 64)}),
    ("inception_v3", {"classes": 7, "aux": True, "input": (3, 299, 301)}),
    ("inception_resnet_v2.keras", {"classes": 0, "input": (3, 120, 139)}),
    ("xception", {"classes": 5, "input": (1, 96, 97)}),
]
CASES = [(name, {}) for name in NETWORKS]
CASES += [(name, {"aux": True}) for name in NETWORKS if network(name).heads]


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


def load_pytorch(held, net, plan):
    """As PyTorch's users load a state dict."""
    import torch

    assert held
    arrays = seeded(plan)
    net.load_state_dict({name: torch.from_numpy(each) for name, each in arrays.items()})


def load_paddle(held, net, plan):
    """As Paddle's users do; a scale that never learns stands in where a network has none."""
    assert held
    state = PADDLE.outward(plan, seeded(plan))
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


def load_tensorflow(held, net, plan):
    """By the loader that is printed too."""
    held["load_weights"](net, seeded(plan))


def outputs(framework, net, x):
    """The result for a batch under no name, and those of the heads, with layers in evaluation."""
    if framework == "tensorflow":
        keras = importlib.import_module("keras")
        named = keras.Model(net.input, net.output)(x) if isinstance(net.output, dict) else {}
        return named | {"": net(x, training=False)}
    net.eval()
    result = net(x)
    net.training = True  # of the network alone
    named = net(x)
    return (named if isinstance(named, dict) else {}) | {"": result}


@pytest.mark.parametrize(("name", "options"), CASES + OTHERS, ids=words)
def test_printed_source_takes_our_weights_and_computes_the_same(room, name, options):
    plan = make_plan(network(name, **options))
    held, net = printed(room.name, plan)
    globals()[f"load_{room.name}"](held, net, plan)
    built = room.run.load_network(plan, seeded(plan), "float32")
    x = noise(plan, images=1).astype(np.float32)
    right = room.run.run(built, x, [])
    found = outputs(room.name, net, room.run.tensor(built, x))
    found[plan.network.output] = found.pop("")
    assert found.keys() == {plan.network.output, *plan.heads}
    bound = 1e-6 if room.name == "tensorflow" else 0
    for output, value in found.items():
        array = np.asarray(value if room.name == "tensorflow" else value.detach().numpy())
        assert relative(array, right[output]) <= bound
