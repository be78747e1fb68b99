# %% kernels
import os
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"


def draw_maps(axis, title, maps):
    """Draws maps side by side, each with the numbers (row, column) that are read in it."""
    for number, (size, read) in enumerate(maps):
        left = 7 * number + (5 - size[1]) / 2
        for row, column in np.ndindex(*size):
            fill = ORANGE if (row, column) in read else "#dbe9f6"
            place = (left + column, (5 - size[0]) / 2 + row)
            axis.add_patch(plt.Rectangle(place, 1, 1, fc=fill, ec="k"))
        if number:
            arrow = {"arrowstyle": "->", "lw": 2}
            axis.annotate("", (7 * number - 0.2, 2.5), (7 * number - 1.8, 2.5), arrowprops=arrow)
    axis.set(title=title, xlim=(-0.3, 19.3), ylim=(5.3, -0.3), aspect="equal")
    axis.axis("off")


five, three, one = (set(np.ndindex(n, n)) for n in (5, 3, 1))
corner = {(row, column) for row in range(3) for column in range(3)}
figure, axes = plt.subplots(3, 1, figsize=(7, 6), layout="constrained")
draw_maps(axes[0], "5x5: 25 weights", [((5, 5), five), ((1, 1), one)])
draw_maps(
    axes[1], "two 3x3: 9 + 9 = 18 weights", [((5, 5), corner), ((3, 3), three), ((1, 1), one)]
)
row = {(0, column) for column in range(5)}
column = {(r, 0) for r in range(5)}
draw_maps(
    axes[2], "1x5, then 5x1: 5 + 5 = 10 weights", [((5, 5), row), ((5, 1), column), ((1, 1), one)]
)

# %% shares
sizes = np.arange(3, 12, 2)
figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
axis.plot(sizes, sizes**2, "o-", color=ORANGE, lw=2.5, label="one n x n")
axis.plot(sizes, 9 * (sizes - 1) / 2, "s--", color=BLUE, lw=2.5, label="3x3 repeated")
axis.plot(sizes, 2 * sizes, "^-.", color=GREEN, lw=2.5, label="1 x n and n x 1")
axis.set(xlabel="size n of the window (pixels)", ylabel="weights for each pair of channels")
axis.set_xticks(sizes)
axis.legend()
axis.grid(alpha=0.3)
for n in sizes:
    print(f"{n}: {n * n} or {9 * (n - 1) // 2} or {2 * n}, saved at most {1 - 2 / n:.1%}")

# %% grid_counts
places = {"35 x 35": 35 * 35, "17 x 17": 17 * 17}
print(f"pool, then convolution: {9 * 320 * 640 * places['17 x 17']:,}")
print(f"convolution, then pool: {9 * 320 * 640 * places['35 x 35']:,}")
print(f"in parallel: {9 * 320 * 320 * places['17 x 17']:,}")

# %% gap
stored = Path(os.environ["BOOK_OUTPUT"])
steps = np.arange(1, 301)
figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
for epsilon, color, name in ((0.0, ORANGE, "hard target"), (0.1, BLUE, "smoothed, 0.1")):
    z, gaps = np.zeros(10), []
    target = (1 - epsilon) * np.eye(10)[0] + epsilon / 10
    for _ in steps:
        q = np.exp(z) / np.exp(z).sum()
        z = z - (q - target)
        gaps.append(z[0] - z[1])
    axis.semilogx(steps, gaps, color=color, lw=2.5, label=name)
    for framework, marker, size in (
        ("pytorch", "s", 11),
        ("tensorflow", "o", 7),
        ("paddle", "x", 5),
    ):
        path = stored / framework / "pushed.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        words = [line.split() for line in lines if line.startswith(f"epsilon {epsilon},")]
        points = [(int(w[3].rstrip(":")), float(w[5])) for w in words]
        style = {"marker": marker, "ms": size, "mfc": "none"}
        axis.plot(*zip(*points, strict=True), ls="", color=color, **style) if points else None
axis.axhline(np.log(91), color="#999999", ls=":")
axis.set(xlabel="steps", ylabel="gap between two logits", ylim=(0, None))
axis.legend()
axis.grid(alpha=0.3)

# %% gaps
for classes in (4, 10, 1000):
    right, wrong = 0.9 + 0.1 / classes, 0.1 / classes
    print(
        f"{classes} classes: targets {right:.4f} and {wrong:.4f}, gap {np.log(right / wrong):.3f}"
    )

# %% heads_counted
from common import networks
from common.spec.planner import make_plan

plan = make_plan(networks.network("inception_v3", aux=True))
head = plan.heads["AuxLogits"]
for name, count in (
    ("network without the head", plan.body.parameter_count),
    ("head", head.parameter_count),
):
    print(f"{name}: {count:,} parameters")
print(f"together: {plan.parameter_count:,} parameters")
print(f"share: {head.parameter_count / plan.parameter_count:.1%}")
