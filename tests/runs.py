"""Training runs as a user makes them, for the tests."""

import json

from command import googlenet
from conftest import require

ARGUMENTS = ("--data", "digits", "--batch", 8, "--seed", 7)


def train(folder, *more, framework="pytorch", code=0):
    """`googlenet train googlenet` into that folder."""
    require(framework)
    return googlenet(
        "train", "googlenet", "-f", framework, *ARGUMENTS, "--out", folder, *more, code=code
    )


def metrics(folder):
    """The lines of a run's metrics."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def losses(folder):
    """The loss of every step."""
    return [line["loss"] for line in metrics(folder) if "step" in line]
