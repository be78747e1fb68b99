# %% four_steps
import os
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
batch = np.array([2.0, 4.0, 4.0, 10.0])
normalized = (batch - batch.mean()) / batch.std()
rows = [
    ("the batch: mean 5, deviation 3", batch),
    ("less the mean: mean 0, deviation 3", batch - batch.mean()),
    ("divided by the deviation: mean 0, deviation 1", normalized),
    ("times 2, plus 1: mean 1, deviation 2", 2 * normalized + 1),
]
figure, axes = plt.subplots(4, 1, figsize=(7, 4.6), sharex=True, layout="constrained")
axes[-1].set_xlabel("value")
for axis, (title, values) in zip(axes, rows, strict=True):
    mean, deviation = values.mean(), values.std()
    axis.axhline(0, color="#999999", lw=1)
    axis.axvspan(mean - deviation, mean + deviation, color="#dbe9f6")
    axis.axvline(mean, color=BLUE, lw=2)
    for value in np.unique(values):
        count = int((values == value).sum())
        axis.plot([value] * count, [0.35 * n for n in range(count)], "o", color=ORANGE, ms=9)
    axis.set(title=title, yticks=[], ylim=(-0.6, 0.9), xlim=(-4, 11))

# %% checks
for name, value, new in (("mean", 0, 5), ("variance, biased", 1, 9), ("variance, unbiased", 1, 12)):
    values = []
    for _ in range(3):
        value = 0.9 * value + 0.1 * new
        values.append(f"{value:.4g}")
    print(f"running {name}: {' '.join(values)}")
for n in (2, 4, 16, 4096):
    print(f"unbiased over biased variance for {n} numbers: {n / (n - 1):.4f}")
for variance in (1.0, 1e-4):
    factors = [1 / np.sqrt(variance + eps) for eps in (1e-5, 1e-3)]
    print(f"1 / deviation for variance {variance:g}: {factors[0]:.3f} or {factors[1]:.3f}")
for keep in (0.9, 0.99, 0.9997):
    print(f"keep {keep}: after 72 steps {keep**72:.1%} of the initial value remains")

# %% remaining
steps = np.arange(1, 20001)
figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
for keep, color, style in ((0.9, BLUE, "-"), (0.99, ORANGE, "--"), (0.9997, GREEN, "-.")):
    axis.semilogx(steps, 100 * keep**steps, style, color=color, lw=2.5, label=f"{keep}")
axis.set(xlabel="training steps", ylabel="left of the initial value (%)")
axis.legend(title="kept at each step")
axis.grid(alpha=0.3)

# %% counted
from common import networks
from common.spec import BatchNorm
from common.spec.planner import make_plan

plan = make_plan(networks.network("inception_v2"))
norms = [node for node in plan.nodes() if isinstance(node.layer, BatchNorm)]
channels = sum(node.output[0] for node in norms)
total = plan.parameter_count
print(f"batch norms: {len(norms)}")
print(f"channels: {channels:,}")
print(f"learned parameters of batch norm: {2 * channels:,}")
print(f"parameters of the network: {total:,}")
print(f"share: {2 * channels / total:.2%}")

# %% learning_rates
stored = Path(os.environ["BOOK_OUTPUT"])
figure, axes = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained")
for framework, marker, size in (("pytorch", "s", 11), ("tensorflow", "o", 7), ("paddle", "x", 5)):
    path = stored / framework / "rates.txt"
    text = path.read_text() if path.exists() else ""
    for name, color in (("without", ORANGE), ("with", BLUE)):
        lines = [line for line in text.splitlines() if line.startswith(f"{name}, ")]
        rates = [float(line.split("rate ")[1].split(":")[0]) for line in lines]
        losses = [float(line.split()[5]) for line in lines]
        right = [float(line.split()[-1].rstrip("%")) for line in lines]
        for axis, values in zip(axes, (losses, right), strict=True):
            label = f"{name} batch norm" if framework == "pytorch" else None
            axis.semilogx(
                rates, values, marker=marker, ms=size, color=color, mfc="none", label=label
            )
axes[0].axhline(np.log(10), color="#999999", ls=":")
axes[0].set(xlabel="learning rate", ylabel="mean training loss of epoch 3", ylim=(0, 2.6))
axes[1].set(xlabel="learning rate", ylabel="test accuracy (%)", ylim=(0, 100))
axes[0].legend(loc="center")
for axis in axes:
    axis.grid(alpha=0.3)
