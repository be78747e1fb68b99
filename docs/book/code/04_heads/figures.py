# %% places
from matplotlib import pyplot as plt

from common.networks import network
from common.spec.planner import make_plan

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#555555"
plan = make_plan(network("googlenet.caffe", aux=True))
steps = [step for step in plan.body.children if step.path.startswith(("conv", "inception"))]
figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")


def box(x, y, text, color):
    """Draws a box with a short text around a point."""
    style = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": color, "lw": 1.6}
    axis.text(x, y, text, ha="center", va="center", fontsize=9, bbox=style)


axis.plot([0, len(steps)], [0, 0], color=GREY, zorder=0)
for x, step in enumerate(steps):
    box(x, 0, step.path.removeprefix("inception"), BLUE)
    for name, head in plan.spec.heads.items():
        if head.after == step.path:
            axis.plot([x, x], [0, 3.7], color=ORANGE, zorder=0)
            for y, text in enumerate(["pool 5 x 5 / 3", "conv 1 x 1", "fc 1024", name], 1):
                box(x, 0.3 + 0.85 * y, text, ORANGE)
axis.text(5, -0.75, "512 x 14 x 14", ha="center", color=GREY)
axis.text(8, -0.75, "528 x 14 x 14", ha="center", color=GREY)
box(len(steps), 0, "fc", BLUE)
axis.set(xlim=(-0.6, len(steps) + 0.5), ylim=(-1.1, 4.2))
axis.set_axis_off()

# %% by_hand
from math import log

conv, fc1, fc2 = 512 * 128 + 128, 128 * 4 * 4 * 1024 + 1024, 1024 * 1000 + 1000
print(f"conv: 512 x 128 + 128 = {conv:,}")
print(f"fc1: 2,048 x 1,024 + 1,024 = {fc1:,}")
print(f"fc2: 1,024 x 1,000 + 1,000 = {fc2:,}")
print(f"head 1: {conv + fc1 + fc2:,}")
print(f"both heads: {2 * (conv + fc1 + fc2) + 16 * 128:,}")
print(f"without heads: {6_998_552:,}, with both: {6_998_552 + 2 * (conv + fc1 + fc2) + 2048:,}")
print(f"ln(1000) = {log(1000):.4f}, times 1.6: {1.6 * log(1000):.4f}")

# %% parts
import os
from pathlib import Path

import numpy as np

stored = Path(os.environ["BOOK_OUTPUT"]) / "pytorch"
rows = [line.split() for line in (stored / "caffe.txt").read_text().splitlines()[1:]]
names = [row[0].removeprefix("inception") for row in rows]
norms = np.array([row[1:4] for row in rows], float)
norms[norms == 0] = np.nan
figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
axis.semilogy(names, norms[:, 0], "o-", color=BLUE, label="from the main classifier")
axis.semilogy(names, norms[:, 1], "s--", color=ORANGE, label="from head 1, times 0.3")
axis.semilogy(names, norms[:, 2], "^:", color=GREEN, label="from head 2, times 0.3")
axis.set(xlabel="layer or module, from the image to the classifier", ylabel="norm of the gradient")
axis.legend()
axis.grid(alpha=0.3)


# %% ratios
def read_ratios(file, title=None):
    """The last column of a stored table, or of the part below a title."""
    lines = (stored / file).read_text().splitlines()
    first = lines.index(title) + 1 if title else 1
    return [float(line.split()[-1]) for line in lines[first : first + len(names)]]


figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
axis.plot(names, read_ratios("caffe.txt"), "o-", color=BLUE, label="Caffe's start")
for title, color, style, label in (
    ("googlenet", ORANGE, "s--", "the tutorials' start"),
    ("googlenet.torchvision", GREEN, "^:", "batch normalization"),
):
    axis.plot(names, read_ratios("other_starts.txt", title), style, color=color, label=label)
axis.set(xlabel="layer or module, from the image to the classifier", ylim=(0.9, None))
axis.set(ylabel="gradient with heads / without")
axis.legend()
axis.grid(alpha=0.3)

# %% module_factor
from common.networks.googlenet import INCEPTION
from common.reference.gradients import Forward, backward
from common.reference.network import compute_all, to_float64
from common.spec.initial import initial_arrays

c1, r3, c3, r5, c5, pool = INCEPTION["4b"]
branches = {"1x1": [(512, c1)], "3x3": [(512, r3), (r3, c3)], "5x5": [(512, r5), (r5, c5)]}
branches["pool"] = [(512, pool)]
total = 0.0
for branch, convolutions in branches.items():
    factors = [out / (before + out) for before, out in convolutions]
    total += np.prod(factors)
    print(f"branch {branch}: {' x '.join(f'{f:.3f}' for f in factors)} = {np.prod(factors):.3f}")
print(f"Caffe's start: sum {total:.3f}, root {total**0.5:.2f}")
print(f"the tutorials' start: sum {4:.3f}, root {4**0.5:.2f}")
numbers = np.random.default_rng(0)
x = np.maximum(numbers.normal(size=(2, 512, 14, 14)), 0)
dy = numbers.normal(size=x.shape)
for name in ("googlenet.caffe", "googlenet"):
    spec = network(name, (512, 14, 14), since="inception4b", until="inception4b")
    module = make_plan(spec)
    forward = Forward({})
    compute_all(module, x, to_float64(initial_arrays(module, seed=0)), forward.compute)
    dx = backward(module.body, dy, forward, {})
    print(f"{name}, measured: {np.linalg.norm(dx) / np.linalg.norm(dy):.2f}")

# %% wrong_place
from common.data.images import batch, photographs
from common.reference.layers import apply
from common.reference.numerics import cross_entropy
from common.spec.padding import adaptive_windows

spec = plan.spec
images = batch(photographs(), spec.input, spec.preprocess)
arrays = to_float64(initial_arrays(plan, seed=0))
maps = compute_all(plan, images.astype(float), arrays)
labels = np.array([497, 985])


def head_loss(pooled):
    """The loss of head 1, given what its pool gives."""
    x = pooled
    for layer in plan.heads["aux1"].children[1:]:
        x = apply(layer, x, arrays, {})
    return cross_entropy(x, labels, smoothing=0.0)[0]


def average(x, windows):
    """The means over the same windows of rows and of columns."""
    rows = [x[:, :, first:last].mean(axis=2) for first, last in windows]
    columns = [np.stack(rows, axis=2)[..., first:last].mean(axis=3) for first, last in windows]
    return np.stack(columns, axis=3)


fixed = [(first, first + 5) for first in range(0, 10, 3)]
for after in ("inception4a", "inception4b", "inception4c"):
    print(f"head 1 after {after[-2:]}: loss {head_loss(average(maps[after], fixed)):.4f}")
adaptive = adaptive_windows(14, 4)
for kind, windows in (("fixed", fixed), ("adaptive", adaptive)):
    print(f"{kind} windows:", ", ".join(f"{first} to {last - 1}" for first, last in windows))
x = maps["inception4a"]
apart = np.abs(average(x, adaptive) - average(x, fixed)).max() / average(x, fixed).max()
print(f"adaptive: loss {head_loss(average(x, adaptive)):.4f}, largest difference {apart:.0%}")
