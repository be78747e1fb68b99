"""Measures how far the frameworks diverge in twenty float64 steps with every recipe option.

`python tests/steps.py [NETWORK...]` uses dropout, heads where they fit, label smoothing, weight
decay, clipping, averages and a rate that drops during the run, with each optimizer.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from idx_files import idx

# Inception v3 takes 299 pixels with its heads, too many for a test.
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
batch = 8
augment = {{}}
label_smoothing = 0.1
weight_decay = 2e-4
clip = 2.0
average = 0.99
warmup = 0.1
schedule = {{kind = "steps", factor = 0.1, epochs = 0.6}}
optimizer = {{kind = "{rule}", {rate}}}
"""


def write_noise(folder: Path) -> None:
    """Writes noise: 20 batches to train with and one to test with, with no constant regions.

    On constant maps, batch norm divides by almost nothing, and rounding errors grow a thousandfold
    from step to step: on enlarged digits, Inception v3 diverges within eight steps.
    """
    draw = np.random.default_rng(8)
    for part, count in {"train": 160, "t10k": 8}.items():
        images, labels = draw.integers(0, 256, (count, 100, 100)), draw.permutation(count) % 10
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels))


def compare(folder: Path, network: str, rule: str, aux: bool) -> dict:
    """Trains with every framework and returns the comparison of the runs."""
    (folder / "r.toml").write_text(RECIPE.format(rule=rule, rate=RULES[rule]))
    words = ["compare", network, "--train", "--data", f"mnist:{folder}", "--steps", "20"]
    words += ["--dtype", "float64", "--recipe", str(folder / "r.toml"), "--json"]
    words += ["--out", str(folder / f"{network}-{rule}")] + ["--aux"] * aux
    command = [sys.executable, "-m", "common.command.main", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return dict(json.loads(done.stdout))["frameworks"]


def main(networks: list[str]) -> None:
    """Prints a line for each network and rule."""
    print(
        "network, rule: largest relative difference of a loss, of a weight in the end", flush=True
    )
    with tempfile.TemporaryDirectory() as box:
        write_noise(Path(box))
        for network in networks or NETWORKS:
            for rule in RULES:
                found = compare(Path(box), network, rule, NETWORKS[network]).values()
                loss = max(each["largest_difference"] for each in found)
                weight = max(each["weights_apart"] for each in found)
                print(f"{network}, {rule}: {loss:.1e}, {weight:.1e}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
