"""Networks as people write them: each decision is named once, with its kind and all its places."""

from pathlib import Path

import pytest
from cli import call
from test_check import check

SOURCE = (Path(__file__).parents[2] / "people" / "googlenet.txt").read_text()
UNIT = "nn.Sequential(nn.Conv2d(i, o, k, s, p), act())"
NORM = """
class Norm(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, n, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, n, 1, 1))
        self.register_buffer("mean", torch.zeros(1, n, 1, 1))
        self.register_buffer("var", torch.ones(1, n, 1, 1))

    def forward(self, x):
        return (x - self.mean) / (self.var + 1e-3).sqrt() * self.gamma + self.beta


class Block"""
LAZY = {
    "nn.Conv2d(i,": "nn.LazyConv2d(",
    "LazyConv2d( o": "LazyConv2d(o",
    "Linear(1024, ": "LazyLinear(",
}
# The edits of the source, and the decisions: kind, name, first values, and number of places.
PEOPLE = {
    "nothing": ({}, []),
    "two 3x3 for each 5x5": (
        {"unit(i, o, 5, p=2)": "nn.Sequential(unit(i, o, 3, p=1), unit(o, o, 3, p=1))"},
        [("convention", "two 3x3 convolutions for each 5x5", 54)],
    ),
    "batch norm everywhere": (
        {UNIT: "nn.Sequential(nn.Conv2d(i, o, k, s, p), nn.BatchNorm2d(o), act())"},
        [
            ("convention", "batch norm after every convolution", 114),
            ("convention", "batch norm: eps in all", 57),
            ("convention", "convolutions: biases in addition to batch norm", 57),
        ],
    ),
    "the number of channels for eps, and the ReLU before": (
        {UNIT: "nn.Sequential(nn.Conv2d(i, o, k, s, p, bias=False), act(), nn.BatchNorm2d(o, o))"},
        [
            ("convention", "batch norm after every convolution", 114),
            ("mistake", "batch norm: eps is the number of channels", 57),
            ("mistake", "ReLU and batch norm swapped", 0),
        ],
    ),
    "a batch norm of one's own": (
        {
            "class Block": NORM.strip(),
            UNIT: "nn.Sequential(nn.Conv2d(i, o, k, s, p, bias=False), Norm(o), act())",
        },
        [("convention", "batch norm after every convolution", 114)],
    ),
    "ReLU6 everywhere": ({"nn.ReLU()": "nn.ReLU6()"}, [("mistake", "ReLU replaced", 57)]),
    "ReLU6 in the modules": (
        {
            "stem = [unit": "global act\n        act = nn.ReLU\n        stem = [unit",
            "body = [Block": "act = nn.ReLU6\n        body = [Block",
        },
        [("mistake", "ReLU replaced", 54)],
    ),
    "the reduction's width": (
        LAZY | {"five(d, e)": "five(d, d)"},
        [("mistake", "convolution: channels", 9)],
    ),
    "one more linear layer": (
        {"nn.Linear(1024, num_classes)": "nn.Linear(1024, 1000), act(), nn.Linear(1000, 1000)"},
        [
            ("mistake", "extra ReLU", 1),
            ("mistake", "extra linear layer", 1),
        ],
    ),
    "an LRN over all channels, without ReLU": (
        {"unit(64, 192, 3, p=1)": "nn.Conv2d(64, 192, 3, padding=1), nn.LocalResponseNorm(192)"},
        [("mistake", "ReLU missing", 1), ("mistake", "extra LRN", 1)],
    ),
    "group norm": (
        {UNIT: "nn.Sequential(nn.Conv2d(i, o, k, s, p, bias=False), nn.GroupNorm(8, o), act())"},
        [("convention", "group norm after every convolution", 114)],
    ),
    "instance norm": (
        {UNIT: "nn.Sequential(nn.Conv2d(i, o, k, s, p), nn.InstanceNorm2d(o), act())"},
        [
            ("convention", "group norm after every convolution", 114),
            ("convention", "convolutions: biases in addition to group norm", 57),
        ],
    ),
    "one activation for all": ({"nn.ReLU()": "nn.Hardswish()"}, [("mistake", "ReLU replaced", 57)]),
    "5a and 5b swapped": (
        LAZY
        | {
            "(832, 256, 160, 320, 32, 128, 128), (832, 384, 192, 384, 48, 128, 128)":
            "(832, 384, 192, 384, 48, 128, 128), (832, 256, 160, 320, 32, 128, 128)"
        },
        [("mistake", "modules swapped", 2)],
    ),
    "no 4e": (
        {"(528, 256, 160, 320, 32, 128, 128), 0,": "0,", "(832, 256, 160": "(528, 256, 160"},
        [("mistake", "module missing", 1)],
    ),
    "no 4b": ({"(512, 160, 112, 224, 24, 64, 64),": ""}, [("mistake", "module missing", 1)]),
    "4b twice": (
        {"self.maps =": "body[5] = body[4]; self.maps ="},
        [("mistake", "weights shared", 6)],
    ),
    "a wrong row": (
        {"(512, 160, 112, 224, 24, 64, 64)": "(512, 128, 128, 256, 24, 64, 64)"},
        [("mistake", "convolution: channels", 3)],
    ),
    "pools after the projections": (
        {"nn.MaxPool2d(3, 1, 1), unit(i, f, 1)": "unit(i, f, 1), nn.MaxPool2d(3, 1, 1)"},
        [("mistake", "max pool in a different place", 9)],
    ),
    "a hidden linear layer": (
        {"nn.Linear(1024, num_classes)": "nn.Linear(1024, 256), nn.Linear(256, num_classes)"},
        [("mistake", "extra linear layer", 1)],
    ),
    "3x3 for 1x1 in the stem": (
        {"unit(64, 64, 1)": "unit(64, 64, 3, p=1)"},
        [("mistake", "convolution: kernel", 1)],
    ),
    "a different dropout": ({"Dropout(0.4)": "Dropout(0.9)"}, [("choice", "dropout: rate", 1)]),
}  # fmt: skip


def written(tmp_path, edits):
    """A file with the source after these edits."""
    text = SOURCE
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "mine.py"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize("name", PEOPLE)
def test_each_decision_is_named_once(tmp_path, name):
    edits, wanted = PEOPLE[name]
    size = "3x96x96" if name == "instance norm" else "3x64x64"  # of 2 x 2 pixels, all are 0
    found = check(written(tmp_path, edits), "--input", size, code=1 if wanted else 0)
    named = [(each["kind"], each["what"]) for each in found["differences"]]
    assert named == [each[:2] for each in wanted]
    assert found["verdict"] == ("differs" if wanted else "equal")
    for each, (*_, places) in zip(found["differences"], wanted, strict=True):
        assert not places or len(each["places"]) == places, each["places"]
        assert each["effect"] is None or 0 < each["effect"] < 1e6
        assert each["lines"]
    assert found["nearest"].partition(".")[0] == "googlenet"
    assert found["compared"]["dropout"]


STEM = "[unit(in_channels, 64, 7, 2, 3), pool(), unit(64, 64, 1), unit(64, 192, 3, p=1), pool()]"
CIFAR = {f"stem = {STEM}": "stem = [unit(in_channels, 192, 3, p=1)]"}


def test_a_stem_for_small_images_is_one_choice_at_their_size(tmp_path):
    found = check(written(tmp_path, CIFAR), code=1)
    [stem] = found["differences"]
    assert (stem["kind"], stem["what"], stem["yours"]) == ("choice", "different stem", "3x3 192")
    assert found["compared"]["input"] == [3, 32, 32]


def test_another_decision_has_no_places_in_a_different_stem(tmp_path):
    unit = "nn.Sequential(nn.Conv2d(i, o, k, s, p), act())"
    edits = {unit: unit.replace(", act", ", nn.BatchNorm2d(o), act"), **CIFAR}
    found = check(written(tmp_path, edits), code=1)
    places = {each["what"]: each["places"] for each in found["differences"]}
    assert any(each.startswith("stem") for each in places.pop("different stem"))
    assert "batch norm after every convolution" in places
    assert not [each for names in places.values() for each in names if each.startswith("conv1")]


def test_a_difference_at_the_image_is_printed_in_both_languages(tmp_path):
    file = written(tmp_path, {"self.maps(x)": "self.maps(x / 255)"})
    code, out, _ = call("check", file, "--input", "3x64x64")
    assert code == 1
    assert "1. choice: all values times 0.00392157" in out
    assert "where: image" in out
    code, out, _ = call("check", file, "--input", "3x64x64", "--lang", "zh")
    assert "1. 自选: all values times 0.00392157" in out
    assert "位置: image" in out


ENCODER = """

class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = {}, nn.Linear(1000, 10)
        raise OSError("weights.pth: no such file")

    def forward(self, x):
        return self.head(self.body(2 * x - 1))
"""
HELPERS = {
    "a function of the file": (
        "from torch import nn\nimport inner_net\n\ndef _body():\n"
        "    return inner_net.Net(3, 1000)\n" + ENCODER.format("_body()"),
        "_body",
    ),
    "a class of the file": (
        SOURCE.replace("class Net", "class Inner") + ENCODER.format("Inner(3, 1000)"),
        "Inner",
    ),
}


@pytest.mark.parametrize("name", HELPERS)
def test_a_helper_is_never_read_in_silence(tmp_path, name):
    text, read = HELPERS[name]
    (tmp_path / "inner_net.py").write_text(SOURCE)
    (tmp_path / "mine.py").write_text(text)
    file = str(tmp_path / "mine.py")
    found = check(file, "--input", "3x64x64", "--network", "googlenet")
    why = "OSError: weights.pth: no such file"
    assert found["notes"][0] == f"Encoder could not be created ({why}); {read} is checked instead"
    code, out, _ = call("check", file, "--input", "3x64x64", "--network", "googlenet")
    assert code == 0
    assert out.splitlines()[1] == f"note: {found['notes'][0]}"  # before the verdict


def test_a_network_that_only_a_missing_package_has_is_said_to_be_missing(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from torch import nn\nfrom no_such_models import googlenet\n\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.body = googlenet()\n"
    )
    code, _, error = call("check", str(file))
    assert code == 4
    assert "not installed, replaced by empty stand-ins: no_such_models" in error
