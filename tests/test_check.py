"""Networks that people wrote: recognised, or every difference named; bad files told in a line."""

import json
import subprocess
import sys

import pytest

from common.jobs.frameworks import FRAMEWORKS
from common.jobs.worker import ROOT


def check(*words):
    """The command's exit code and its JSON document, or its one line."""
    command = [sys.executable, "-m", "common.command.main", "check", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_network_by_hand_is_recognised(framework):
    code, found = check(f"{framework}_impl/googlenet.py", "-f", framework)
    assert (code, found["verdict"], found["nearest"]) == (0, "equal", "googlenet")
    # Keras makes the heads when they first run, and in evaluation they do not.
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
        "softmax that the table does not have",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_planted_difference_is_named(tmp_path, change):
    line, layer, what = CHANGES[change]
    file = tmp_path / "mine.py"
    file.write_text(NETWORK.format(change=line))
    code, found = check(str(file), "--network", "googlenet")
    assert code == 1
    assert [(each["layer"], each["what"]) for each in found["differences"]] == [(layer, what)]


def test_one_pool_in_four_places_is_named_in_each(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(NETWORK.format(change="self.pool = nn.MaxPool2d(3, 2, 1)"))
    code, found = check(str(file))
    assert (code, found["same"]) == (0, ["googlenet.d2l", "googlenet.paddle"])
    code, found = check(str(file), "--network", "googlenet")
    places = [(each["layer"], each["what"]) for each in found["differences"]]
    assert (code, found["nearest"]) == (1, "googlenet.d2l")
    assert places == [(f"maxpool{number}", "max pool: padding") for number in (1, 2, 3, 4)]


BAD = {
    "class Net(:": "line 1",
    "x = 1": "no network",
    "import sys; sys.exit(3)": "exit 3",
    "while True: pass": "no answer within 15 s",
    "from torch import nn\nnet = nn.Sequential(nn.Flatten(), nn.Linear(9, 9))": "another size",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_file_is_told_in_a_line(tmp_path, text):
    file = tmp_path / "mine.py"
    file.write_text(text)
    code, line = check(str(file), "--limit", "15")
    assert (code, line.splitlines()[-1].count("mine.py") > 0) == (4, True)
    assert BAD[text] in line
