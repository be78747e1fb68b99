"""Networks that are equal in evaluation and learn otherwise: `check --grad`."""

import pytest
from test_check import check

from common.jobs.frameworks import FRAMEWORKS

MADE = """
from {folder} import network

net = network("googlenet", input=(3, 96, 96), classes=10, aux=True)
"""


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_we_build_learns_as_the_table_does(tmp_path, framework):
    """With dropout, of which nothing may be seen, and heads."""
    (tmp_path / "mine.py").write_text(MADE.format(folder=f"{framework}_impl"))
    options = ("--grad", "--aux", "--input", "3x96x96")
    found = check(str(tmp_path / "mine.py"), "-f", framework, "--network", "googlenet", *options)
    assert found["verdict"] == "equal"


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
CHANGES = {
    "a head that stops": ("googlenet", HEAD, "aux1.averagePool", "gradient of the head's loss"),
    "a branch that stops": ("googlenet", BRANCH, "inception4a.branch1.conv", "gradient of weight"),
    "a layer that stays": ("googlenet", FROZEN, "conv3.conv", "gradient of weight"),
    "a norm that stays": ("inception_v2", NORM, "conv2.bn", "batch norm in training: frozen"),
    "a norm that keeps": (
        "inception_v2",
        KEEP,
        "conv2.bn",
        "batch norm: what running statistics keep",
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
    if kind in ("a layer that stays", "a norm that keeps", "a norm that stays"):
        assert len(found["differences"]) == 1


def test_heads_that_appear_in_training_must_be_asked_for(tmp_path):
    (tmp_path / "mine.py").write_text(MADE.format(folder="pytorch_impl"))
    line = check(str(tmp_path / "mine.py"), "--grad", "--input", "3x96x96", code=4)
    assert "in training it gives 3 outputs, in evaluation 1; --aux" in line
