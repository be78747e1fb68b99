"""Networks that are equal in evaluation but train differently: `check --grad`."""

import pytest
from test_check import check

from common.jobs.frameworks import FRAMEWORKS

MADE = """
from {folder} import network

net = network("googlenet", input=(3, 96, 96), classes=10, aux=True)
"""


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_we_build_learns_as_the_table_does(tmp_path, framework):
    """With heads, and with dropout, of which no difference may be reported."""
    (tmp_path / "mine.py").write_text(MADE.format(folder=f"{framework}_impl"))
    options = ("--grad", "--aux", "--input", "3x96x96")
    found = check(str(tmp_path / "mine.py"), "-f", framework, "--network", "googlenet", *options)
    assert found["verdict"] == "equal"


FREEZES = {
    "pytorch": "net.requires_grad_(False)",
    "tensorflow": "net.trainable = False",
    "paddle": "for each in net.parameters(): each.stop_gradient = True",
}


@pytest.mark.parametrize("framework", FREEZES)
def test_frozen_parameters_are_counted(tmp_path, framework):
    """In a network whose batch norms have no scale, and which has statistics that do not count."""
    name = "inception_v2.slim"
    made = f"from {framework}_impl import network\n\nnet = network({name!r}, input=(3, 64, 64))\n"
    (tmp_path / "mine.py").write_text(made + FREEZES[framework])
    options = ("--network", name, "--input", "3x64x64")
    found = check(str(tmp_path / "mine.py"), "-f", framework, *options)
    assert found["verdict"] == "equal"
    assert found["parameters"]["yours"] == found["parameters"]["table"]


WRITTEN = """
from torch import nn
from pytorch_impl import network


class Mine(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = net = network("{name}", input=(3, 96, 96), classes=10, aux={aux})
        {change}

    def forward(self, x):
        found = self.net(x)
        return tuple(found.values()) if isinstance(found, dict) else found
"""
HEAD = "head = net.aux1.forward; net.aux1.forward = lambda x: head(x.detach())"
BRANCH = "own = net.inception4b.branch3; f = own.forward; own.forward = lambda x: f(x.detach())"
FROZEN = "net.conv3.requires_grad_(False)"
NORM = "bn = net.conv2.bn; bn.train = lambda mode=True: nn.Module.train(bn, False)"
KEEP = "net.conv2.bn.momentum = 0.03"
RATE = "net.dropout.p = 0.5"
NONE = "net.dropout.p = 0.0"
BEHIND = (
    "net.{}.register_forward_hook(lambda net, x, y: nn.functional.dropout(y, 0.4, net.training))"
)
CHANGES = {
    "a head that stops": ("googlenet", HEAD, "aux1.averagePool", "gradient of the head's loss"),
    "a branch that stops": ("googlenet", BRANCH, "inception4a.branch1.conv", "gradient of weight"),
    "a layer that stays": ("googlenet", FROZEN, "conv3.conv", "gradient of weight"),
    "another rate": ("googlenet", RATE, "dropout", "dropout: rate"),
    "no dropout": ("googlenet", NONE, "dropout", "dropout missing"),
    "dropout elsewhere": (
        "googlenet",
        f"{NONE}; {BEHIND.format('inception5b')}",
        "dropout",
        "dropout: place",
    ),
    "a second dropout": (
        "googlenet",
        BEHIND.format("inception4b"),
        "inception4b",
        "extra dropout",
    ),
    "a norm that stays": ("inception_v2", NORM, "conv2.bn", "batch norm in training: frozen"),
    "a norm that keeps": (
        "inception_v2",
        KEEP,
        "conv2.bn",
        "batch norm: momentum (fraction kept)",
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_evaluation_hides_is_named(tmp_path, kind):
    name, change, layer, what = CHANGES[kind]
    file, aux = tmp_path / "mine.py", name == "googlenet"
    file.write_text(WRITTEN.format(name=name, aux=aux, change=change))
    words = (str(file), "--network", name, "--input", "3x96x96", *(["--aux"] if aux else []))
    found = check(*words, "--grad", code=1)
    assert (found["verdict"], found["same"][0]) == ("differs", name)
    assert {"layer": layer, "what": what}.items() <= found["differences"][0].items()
    if kind not in ("a head that stops", "a branch that stops"):
        assert len(found["differences"]) == 1


def test_dropout_of_heads_does_not_hide_that_of_the_network(tmp_path):
    """The heads are not compared, so that the places of their dropouts are unknown."""
    file = tmp_path / "mine.py"
    file.write_text(WRITTEN.format(name="googlenet", aux=True, change=NONE))
    found = check(str(file), "--network", "googlenet", "--input", "3x96x96")
    assert [each["what"] for each in found["differences"]] == ["dropout missing"]


def test_dropout_before_a_relu_is_the_same_as_behind_it(tmp_path):
    change = BEHIND.format("aux1.fc1").replace("0.4", "0.5") + "; net.aux1.dropout2.p = 0.0"
    file = tmp_path / "mine.py"
    file.write_text(WRITTEN.format(name="googlenet", aux=True, change=change))
    words = (str(file), "--network", "googlenet", "--input", "3x96x96", "--aux", "--grad")
    assert check(*words)["verdict"] == "equal"


def test_dropout_within_a_step_is_told(tmp_path):
    inside = BEHIND.format("inception4b").replace(
        "(y, 0.4, net.training)", "(3 * y, 0.4, net.training) / 3"
    )
    file = tmp_path / "mine.py"
    file.write_text(WRITTEN.format(name="googlenet", aux=False, change=inside))
    words = (str(file), "--network", "googlenet", "--input", "3x96x96", "--grad")
    [difference] = check(*words, code=1)["differences"]
    assert difference["layer"] == "result"
    assert difference["yours"] == "rate 0.4, after a map that is not in the published network"


FUNCTION = {
    "pytorch": """
class Mine(torch.nn.Module):
    def forward(self, x):
        return torch.nn.functional.dropout(net(x), 0.4, self.training)
""",
    "tensorflow": """
class Mine(keras.Model):
    def call(self, x, training=False):
        y = net(x, training=training)
        return keras.random.dropout(y, 0.4) if training else y
""",
    "paddle": """
class Mine(paddle.nn.Layer):
    def forward(self, x):
        return paddle.nn.functional.dropout(net(x), 0.4, training=self.training)
""",
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_dropout_that_is_a_function_is_seen(tmp_path, framework):
    library = {"pytorch": "torch", "tensorflow": "keras", "paddle": "paddle"}[framework]
    text = f"""
import {library}
from {framework}_impl import network

net = network("googlenet.d2l", input=(3, 64, 64))
{FUNCTION[framework]}
mine = Mine()
mine.net = net
"""
    (tmp_path / "mine.py").write_text(text)
    words = ("-f", framework, "--network", "googlenet.d2l", "--input", "3x64x64", "--grad")
    found = check(f"{tmp_path / 'mine.py'}:mine", *words, code=1)
    [difference] = found["differences"]
    assert (difference["layer"], difference["yours"]) == ("fc", "rate 0.4, after fc")
    assert "googlenet.d2l" in found["same"]


def test_heads_that_appear_in_training_must_be_asked_for(tmp_path):
    (tmp_path / "mine.py").write_text(MADE.format(folder="pytorch_impl"))
    line = check(str(tmp_path / "mine.py"), "--grad", "--input", "3x96x96", code=4)
    assert "in training it returns 3 outputs, in evaluation 1; use --aux" in line


IDLE = """
import keras
from tensorflow_impl import network

class Mine(keras.Model):
    def __init__(self):
        super().__init__()
        self.body = network("googlenet", input=(3, 64, 64), classes=10)

    def call(self, x):
        return self.body(x)
"""


def test_dropout_that_fit_does_not_activate_is_noted(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(IDLE)
    found = check(str(file), "--input", "3x64x64")
    assert "call of Mine has no argument training" in " ".join(found["notes"])
    assert [each["what"] for each in found["differences"]] == ["dropout missing"]
    passes_on = IDLE.replace("self, x)", "self, x, training=False)")
    file.write_text(passes_on.replace("self.body(x)", "self.body(x, training=training)"))
    found = check(str(file), "--input", "3x64x64")
    assert not found["differences"]
    assert "training" not in " ".join(found["notes"])
