"""Measures how well the default recipes learn the digits: `python tests/digits.py FRAMEWORK...`.

Each of two networks is trained with three seeds; the score is the accuracy on the 360 test images
after the last epoch.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NETWORKS = ("googlenet", "googlenet.torchvision")
SEEDS = (0, 1, 2)


def train(framework: str, network: str, seed: int) -> tuple[float, float]:
    """The accuracy of one run, and its duration in seconds."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as box:
        words = ["train", network, "-f", framework, "--data", "digits", "--seed", str(seed)]
        command = [sys.executable, "-m", "common.command.main", *words, "--out", f"{box}/run"]
        subprocess.run(command, check=True, capture_output=True)
        last = (Path(box) / "run" / "metrics.jsonl").read_text().splitlines()[-1]
    return json.loads(last)["top1"], time.perf_counter() - began


def main(frameworks: list[str]) -> None:
    """Prints a line for each framework and network."""
    for framework in frameworks or ("pytorch", "tensorflow", "paddle"):
        for network in NETWORKS:
            found = [train(framework, network, seed) for seed in SEEDS]
            scores = ", ".join(f"{score:.2%}" for score, _ in found)
            mean = sum(score for score, _ in found) / len(found)
            longest = max(seconds for _, seconds in found)
            print(f"{framework}, {network}: {scores}; mean {mean:.2%}; at most {longest:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
