"""Third-party networks are recognised, or their differences named; bad files give one line."""

import json

import pytest
from cli import call

from common.jobs.frameworks import FRAMEWORKS


def check(*words, code=0):
    """The command's JSON document, or its standard error for an exit code of 4 or more.

    If the network differs, progress is printed to standard error.
    """
    found, out, error = call("check", *words, "--json")
    assert found == code, error
    return json.loads(out) if code < 4 else error


SMALL = "--input", "3x64x64"  # at which nothing depends on the size


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_network_by_hand_is_recognised(framework):
    """In PyTorch, at the size that it was written for."""
    size = () if framework == "pytorch" else SMALL
    found = check(f"{framework}_impl/googlenet.py", "-f", framework, *size)
    assert (found["verdict"], found["same"]) == ("equal", ["googlenet"])
    # Keras creates the heads when they first run, which they do not in evaluation.
    yours = 6_998_552 if framework == "tensorflow" else 13_378_280
    assert found["parameters"] == {"yours": yours, "table": 6_998_552}


NETWORK = """
import torch
from torch import nn
from pytorch_impl.googlenet import GoogLeNet

class Mine(GoogLeNet):
    def __init__(self):
        super().__init__()
        {change}
"""
CHANGES = {
    "kernel 3 for 5": (
        "self.inception3a.branch3[1].conv = nn.Conv2d(16, 32, 3, padding=1)",
        "inception3a.branch3.1.conv",
        "convolution: kernel",
    ),
    "no ReLU": (
        "self.inception4b.branch2[1].forward = self.inception4b.branch2[1].conv.forward",
        "inception4b.branch2.1.relu",
        "ReLU missing",
    ),
    "softmax": (
        "self.fc = nn.Sequential(self.fc, nn.Softmax(1))",
        "fc",
        "extra softmax",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_planted_difference_is_named(tmp_path, change):
    line, layer, what = CHANGES[change]
    file = tmp_path / "mine.py"
    file.write_text(NETWORK.format(change=line))
    found = check(str(file), "--network", "googlenet", *SMALL, code=1)
    assert [(each["layer"], each["what"]) for each in found["differences"]] == [(layer, what)]


SAMPLE = {  # from planted.toml: mistakes that each part of the check must name
    "words": (
        "SAME for padding 3",
        "pool after the projection",
        "a branch pools what it should not",
        "batch norm without scale and shift",
        "LRN whose alpha is not divided by its size",
        "active dropout in evaluation",
        "image less a mean",
        "groups",
        "border reflected",
    ),
    "blocks": (
        "branch extra",
        "branch missing",
        "module missing",
        "reduction missing",
        "convolution twice",
        "a wrong row of the table",
    ),
    "places": ("heads exchanged", "one layer in two places"),
    "styles": (  # the same network, written differently
        "branches computed backwards",
        "one ReLU after the branches",
        "zeros around a map as a step",
        "a 1x1 convolution as the last layer",
        "a class around the network",
    ),
}
SAMPLES = [("pytorch", group) for group in SAMPLE]
SAMPLES += [(framework, "words") for framework in FRAMEWORKS if framework != "pytorch"]


@pytest.mark.parametrize(("framework", "group"), SAMPLES)
def test_planted_mistakes_are_named_exactly(framework, group, warm_workers):
    words = [word for kind in SAMPLE[group] for word in ("--kind", kind)]
    printed = warm_workers.apply(framework, "planted:here", framework, *words)
    assert printed.count(": named exactly (") == len(SAMPLE[group]), printed


def test_one_pool_in_four_places_is_named_in_each(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(NETWORK.format(change="self.pool = nn.MaxPool2d(3, 2, 1)"))
    assert check(str(file), *SMALL)["same"] == ["googlenet.d2l", "googlenet.paddle"]
    found = check(str(file), "--network", "googlenet", *SMALL, code=1)
    [pools] = found["differences"]
    assert (pools["what"], pools["kind"]) == ("max pool: padding", "convention")
    assert pools["places"] == [f"maxpool{number}" for number in (1, 2, 3, 4)]


HEADS = """
from torch import nn
from pytorch_impl import network
net = network("googlenet", input=(3, 96, 96), classes=10, aux=True)
"""
OTHER_HEADS = (
    "net.aux1.fc2 = nn.Sequential()",
    "net.aux1 = nn.Sequential(nn.Flatten(), nn.Linear(512 * 36, 10))",
)


@pytest.mark.parametrize("change", OTHER_HEADS)
def test_heads_that_differ_much_are_not_left_out(tmp_path, change):
    file = tmp_path / "mine.py"
    file.write_text(HEADS + change)
    words = str(file), "--input", "3x96x96", "--network", "googlenet"
    assert check(*words)["verdict"] == "equal"
    found = check(*words, "--aux", code=1)
    assert found["verdict"] in ("differs", "unexplained")
    assert any(each["layer"].startswith("aux1.") for each in found["differences"])


def test_heads_that_are_asked_for_must_be_there(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(HEADS.replace("True", "False"))
    told = check(str(file), "--input", "3x96x96", "--network", "googlenet", "--aux", code=4)
    assert "returns one output, and none of auxiliary heads" in told


SEPARABLE = "Xception(weights=None, input_shape=(71, 71, 3), classifier_activation=None)"


def test_separable_convolutions_of_keras_are_two_layers():
    found = check("keras.applications", "--call", SEPARABLE, "-f", "tensorflow")
    assert (found["verdict"], found["same"]) == ("equal", ["xception"])


BY_THE_BATCH = """
from torch import nn
from pytorch_impl import network

net = network("googlenet.torchvision", input=(3, 64, 64))
net.conv1.bn = nn.BatchNorm2d(64, eps=1e-3, track_running_stats=False)
"""
UNHEARD_OF = """
import torch
from pytorch_impl.googlenet import GoogLeNet

net = GoogLeNet()
net.conv2.register_forward_hook(lambda layer, x, y: torch.sort(y, dim=1).values)
"""


def test_batch_norm_by_the_batch_is_named(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(BY_THE_BATCH)
    found = check(str(file), *SMALL, code=1)
    [difference] = found["differences"]
    assert (found["nearest"], difference["layer"]) == ("googlenet.torchvision", "conv1.bn")
    assert "with batch statistics" in difference["yours"]


def test_what_nothing_explains_is_said_with_its_size(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(UNHEARD_OF)
    found = check(str(file), *SMALL, code=1)
    assert found["verdict"] == "unexplained"
    [difference] = found["differences"]
    assert difference["layer"] == "conv3.conv"
    size = float(difference["yours"].rpartition(" ")[2])
    assert 0.1 < size < 2
    assert difference["yours"].startswith("layer conv3.conv differs by")


TIMES = """
from pytorch_impl import network

net = network("googlenet", input=(3, 64, 64))
net.{step}.register_forward_hook(lambda layer, x, y: y * (1 + 1e-8))
"""


def test_a_hundred_millionth_is_seen_between_layers_without_constants(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(TIMES.format(step="conv2"))
    found = check(str(file), "--input", "3x64x64", code=1)
    [difference] = found["differences"]
    assert difference["layer"].startswith("conv2")
    assert difference["yours"] == "all values times 1.00000001"


def test_a_constant_may_be_rounded_to_float32(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(TIMES.format(step="avgpool"))
    found = check(str(file), "--input", "3x64x64")
    assert (found["verdict"], "googlenet" in found["same"]) == ("equal", True)


FAILS = """
from torch import nn

class Affine(nn.Module):
    def __init__(self, scale):
        super().__init__()

def make():
    return nn.Sequential(nn.Conv2d(3, 64, 7), Affine())
"""
BAD = {
    "class Net(:": "line 1",
    "x = 1": "defines no PyTorch network",
    "import sys; sys.exit(3)": "exit code 3",
    "while True: pass": "stopped after 6",
    "from torch import nn\nnet = nn.Sequential(nn.Flatten(), nn.Linear(9, 9))": "a different size",
    FAILS: "line 9: TypeError: Affine.__init__() missing",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_file_is_told_in_a_line(tmp_path, text):
    file = tmp_path / "mine.py"
    file.write_text(text)
    limit = 6 if "stopped after" in BAD[text] else 60
    line = check(str(file), "--limit", str(limit), code=4).splitlines()[-1]
    assert line.startswith("googlenet: ")
    assert "mine.py" in line
    assert BAD[text] in line
