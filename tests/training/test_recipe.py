"""Recipes: an error is named with its field, and only options that are given override a recipe."""

import tomllib
from dataclasses import asdict

import pytest
from cli import googlenet
from idx_files import write_mnist

from common.training.recipe_file import to_recipe


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("epoch = 3", "'epochs' is meant"),
        ('batch = "8"', "batch"),
        ("[optimizer]\nkind = 'sgd'\nlr = -1.0", "optimizer.sgd.lr"),
        ("batch = ", "cannot read the recipe"),
        ("optimizer = 'sgd'", "optimizer"),
        ("seed = 2020-01-01", "seed"),
        ("val_split = '0.3'", "val_split"),
        ("aux = 3", "aux"),
        ("data = ['digits']", "data"),
        ("epochs = 1" + 300 * "0", "epochs"),
        ("a = " + 9999 * "[", "cannot read the recipe"),
    ],
    ids=lambda text: text[:20],
)
def test_a_wrong_recipe_names_its_field(tmp_path, text, fault):
    path = tmp_path / "r.toml"
    path.write_text(text)
    message = googlenet(
        "train", "googlenet", "-f", "paddle", "--recipe", path, "--print-recipe", code=4
    )
    assert fault in message


def test_a_printed_recipe_is_one_that_can_be_read(tmp_path):
    printed = googlenet(
        "train", "googlenet", "-f", "paddle", "--print-recipe", "--optimizer", "adam"
    )
    path = tmp_path / "r.toml"
    path.write_text(printed)
    again = googlenet("train", "googlenet", "-f", "paddle", "--print-recipe", "--recipe", path)
    assert again == printed
    assert "lr = 0.0003" in printed


OTHER = """
network = "googlenet.paper"
data = "mnist:DIR"
channels = 3
image_size = 96
classes = 12
weights = "w.safetensors"
init = "own"
seed = 5
epochs = 3
steps = 7
batch = 2
warmup = 2.0
weight_decay = 0.5
label_smoothing = 0.2
class_weights = "balanced"
freeze = "conv*"
clip = 3.0
average = 0.5
aux = true
dropout = false
preprocess = "unit"
val_split = 0.4
on_error = "skip"
dtype = "float64"
optimizer = {kind = "adam", lr = 0.5, beta1 = 0.1, beta2 = 0.2, eps = 0.3}
schedule = {kind = "steps", factor = 0.5, epochs = 3.0}
augment = {shift = 0.1, area = 0.5, flip = true}
"""


@pytest.mark.parametrize("verb", ["train", "compare"])
def test_only_options_that_are_given_override_a_recipe(tmp_path, monkeypatch, verb):
    """No field of this recipe has the value that it would have by default."""
    write_mnist(tmp_path)
    path, seen = tmp_path / "r.toml", []
    path.write_text(OTHER.replace("DIR", str(tmp_path)))
    monkeypatch.setattr(
        "common.command.compare.compare_training", lambda recipe, *_: seen.append(recipe)
    )

    def resolved(*options):
        if verb == "compare":
            googlenet("compare", "--train", "--recipe", path, *options)
            return asdict(seen.pop())
        options = ("googlenet.paper", "-f", "paddle", *options)
        return tomllib.loads(googlenet("train", *options, "--recipe", path, "--print-recipe"))

    own = tomllib.loads(path.read_text())
    usual = asdict(to_recipe("", {name: own[name] for name in list(own)[1:5]} | {"network": "x"}))
    assert [name for name in usual if usual[name] == own[name]] == list(own)[1:5]
    assert resolved() == own
    assert resolved("--data", "digits") == own | {"data": "digits"}
    if verb == "train":  # it also has options for single fields of a table
        assert resolved("--optimizer", "adam", "--schedule", "steps") == own
        assert resolved("--lr", 0.25) == own | {"optimizer": own["optimizer"] | {"lr": 0.25}}
        assert resolved("--schedule", "cosine") == own | {"schedule": {"kind": "cosine"}}
    assert resolved("--epochs", 9, "--dtype", "float32") == own | {"epochs": 9, "dtype": "float32"}
