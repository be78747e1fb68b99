"""What the settings bring: `python tests/speed.py [FRAMEWORK...]`, GoogLeNet at 224 in float32.

Plain and tuned processes take turns, and the middle of their ratios is printed.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from common.initial import initial_arrays
from common.jobs.frameworks import FRAMEWORKS, import_processes, import_runner, import_training
from common.jobs.settings import environment
from common.networks import network
from common.planner import make_plan
from common.training.recipe import Nesterov, Recipe
from common.training.run import Step

ROUNDS = 3
REPEATS = 4
TASKS = {"infer, batch 16": 16, "infer, batch 1": 1, "train, batch 16": 16}


def main(frameworks: list[str]) -> None:
    """A line for each framework and task."""
    for framework in frameworks or FRAMEWORKS:
        plain, tuned = [], []
        for _ in range(ROUNDS):
            plain.append(measure(framework, plain=True))
            tuned.append(measure(framework, plain=False))
        for number, task in enumerate(TASKS):
            before, after = ([found[number] for found in side] for side in (plain, tuned))
            ratio = statistics.median(b / a for a, b in zip(before, after, strict=True))
            rates = f"{statistics.median(before):.1f} to {statistics.median(after):.1f}"
            print(f"{framework}, {task}: {rates} images a second, {ratio:.2f} times", flush=True)


def measure(framework: str, plain: bool) -> list[float]:
    """Images a second of each task, measured in a process of its own."""
    command = [sys.executable, __file__, "--in-process", framework, "plain" if plain else "tuned"]
    path = {"PYTHONPATH": str(Path(__file__).parents[1])}
    options = {"check": True, "capture_output": True, "text": True}
    found = subprocess.run(command, env=environment(plain=plain) | path, **options).stdout
    return [float(word) for word in found.split()[-len(TASKS) :]]


def in_process(framework: str, mode: str) -> None:
    """Prints the rates of this process."""
    runner, plain = import_runner(framework), mode == "plain"
    runner.choose_device("cpu")
    plan = make_plan(network("googlenet"))
    net = runner.load_network(plan, initial_arrays(plan, seed=0), "float32")
    x = np.random.default_rng(0).standard_normal((16, *plan.network.input)).astype(np.float32)
    classify = (lambda batch: runner.run(net, batch, [])) if plain else runner.classifier(net)
    rates = [rate(lambda n=n: classify(x[:n]), n) for n in (16, 1)]
    if framework == "pytorch" and not plain:
        net = prepare(net)
    recipe = Recipe(
        "googlenet", "noise", *plan.network.input[:2], 1000, optimizer=Nesterov(lr=0.001)
    )
    trainer = import_training(framework).Trainer(net, recipe, import_processes(framework).join(1))
    labels = np.arange(16, dtype=np.int64)
    step = Step(1, 1, 0.001, 0, x, labels, 0, ends_epoch=False)
    print(*rates, rate(lambda: trainer.take(step), 16))


def prepare(net):
    """As PyTorch's `train` lays it out."""
    import torch

    return net.to(memory_format=torch.channels_last)


def rate(compute, images: int) -> float:
    """Images a second, the median after two calls that do not count."""
    seconds = []
    for _ in range(2 + REPEATS):
        began = time.perf_counter()
        compute()
        seconds.append(time.perf_counter() - began)
    return images / statistics.median(seconds[2:])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in-process"]:
        in_process(*sys.argv[2:])
    else:
        main(sys.argv[1:])
