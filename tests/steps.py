"""Twenty float64 steps with all that a recipe can have, in every framework, and how far they part.

`python tests/steps.py [NETWORK...]`: dropout, heads where they fit, label smoothing, weight decay,
clipping, averages and a rate that drops on the way, with each optimizer.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from test_data import idx

# With its heads Inception v3 takes 299 pixels, too many for a trial.
NETWORKS = {
    "googlenet": True,
    "googlenet.torchvision": True,
    "inception_v3": False,
    "inception_resnet_v2": False,
    "xception": False,
}
RULES = {
    "sgd": "lr = 0.01",
    "nesterov": "lr = 0.01",
    "rmsprop": "lr = 0.01",
    "adam": "lr = 0.001",
    "adamw": "lr = 0.001",
}
RECIPE = """
batch = 4
label_smoothing = 0.1
weight_decay = 2e-4
clip = 2.0
average = 0.99
warmup = 0.1
schedule = {{kind = "steps", factor = 0.1, epochs = 0.6}}
optimizer = {{kind = "{rule}", {rate}}}
"""


def write_digits(folder: Path) -> None:
    """80 digits to train with, which make 20 batches, and 8 to test with."""
    found = load_digits()
    parts = {"train": slice(0, 80), "t10k": slice(80, 88)}
    for part, chosen in parts.items():
        images = np.round(found.images[chosen] * (255 / 16))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(found.target[chosen]))


def compare(folder: Path, network: str, rule: str, aux: bool) -> dict:
    """The runs of every framework beside one another."""
    (folder / "r.toml").write_text(RECIPE.format(rule=rule, rate=RULES[rule]))
    words = ["compare", network, "--train", "--data", f"mnist:{folder}", "--steps", "20"]
    words += ["--dtype", "float64", "--recipe", str(folder / "r.toml"), "--json"]
    words += ["--out", str(folder / f"{network}-{rule}")] + ["--aux"] * aux
    command = [sys.executable, "-m", "common.command.main", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return dict(json.loads(done.stdout))["frameworks"]


def main(networks: list[str]) -> None:
    """A line for each network and rule."""
    print(
        "network, rule: largest relative difference of a loss, of a weight in the end", flush=True
    )
    with tempfile.TemporaryDirectory() as box:
        write_digits(Path(box))
        for network in networks or NETWORKS:
            for rule in RULES:
                found = compare(Path(box), network, rule, NETWORKS[network]).values()
                loss = max(each["largest_difference"] for each in found)
                weight = max(each["weights_apart"] for each in found)
                print(f"{network}, {rule}: {loss:.1e}, {weight:.1e}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
