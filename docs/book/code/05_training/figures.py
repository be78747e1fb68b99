# %% curves
import os
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

stored = Path(os.environ["BOOK_OUTPUT"])
LINES = (
    ("pytorch", "PyTorch", "#E69F00", 7, "-"),
    ("tensorflow", "Keras", "#0072B2", 3.5, "-"),
    ("paddle", "Paddle", "black", 1.2, "--"),
)


def draw_curves(cell, skipped):
    """Draws the loss and the test accuracy that a cell printed in each framework."""
    _, axes = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained")
    for framework, name, color, width, style in LINES:
        lines = (stored / framework / f"{cell}.txt").read_text().splitlines()[skipped:]
        rows = np.array([line.split() for line in lines], float)
        for axis, column in zip(axes, (1, 4), strict=True):
            axis.plot(rows[:, 0], rows[:, column], style, color=color, lw=width, label=name)
    axes[0].set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
    axes[1].set(xlabel="epoch", ylabel="test accuracy", ylim=(0, 1))
    axes[1].legend(loc="best")
    for axis in axes:
        axis.grid(alpha=0.3)


draw_curves("shared", skipped=1)

# %% own_curves
draw_curves("own", skipped=0)

# %% signal
numbers = np.random.default_rng(0)
figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
styles = {0.1: ("#0072B2", "v"), 0.408: ("#CC79A7", "s"), 1: ("#009E73", "o"), 16: ("#D55E00", "^")}
for scale, (color, marker) in styles.items():
    x = numbers.normal(size=(100, 256))
    sizes = [np.sqrt((x**2).mean())]
    for _ in range(22):
        weights = scale * np.sqrt(2 / 256) * numbers.normal(size=(256, 256))
        x = np.maximum(x @ weights, 0)
        sizes.append(np.sqrt((x**2).mean()))
    axis.semilogy(sizes, marker + "-", color=color, markersize=4, label=f"scale {scale}")
    print(f"scale {scale}: after 6 layers {sizes[6]:.1e}, after 22 layers {sizes[22]:.1e}")
axis.set(xlabel="layer", ylabel="size of the activations")
axis.legend()
axis.grid(alpha=0.3)

# %% epoch_steps
from math import ceil, log

print(f"1,437 / 32 = {1437 / 32:.2f}")
print(f"steps in an epoch: {ceil(1437 / 32)}")

# %% factors
print(f"ln(10) = {log(10):.4f}")
print(f"ln(1000) = {log(1000):.4f}")
print(f"1 / root of 6 = {6**-0.5:.3f}")
print(f"to the power of 22: {6**-11:.1e}")
print(f"0.1 to the power of 6: {0.1**6:.0e}")
print(f"16 to the power of 6: {16**6:,}")

# %% single
print(f"0.03 in single precision: {float(np.float32(0.03)):.12f}")
print(f"1 / 32 in single precision: {float(np.float32(1 / 32)):.12f}")
print(f"largest number in single precision: {np.finfo(np.float32).max:.1e}")
with np.errstate(over="ignore", invalid="ignore"):
    logits = np.array([4e30, 1e30, 0], np.float32) * np.float32(1e10)
    print(f"logits: {logits}, minus the largest: {logits - logits.max()}")
