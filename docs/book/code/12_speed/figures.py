# %% work
from math import prod

from matplotlib import pyplot as plt

from common import networks, spec
from common.spec.planner import make_plan

plan = make_plan(networks.network("googlenet"))
KINDS = {"convolutions": spec.Conv, "ReLU": spec.ReLU, "linear": spec.Linear,
         "pools": spec.MaxPool | spec.GlobalAvgPool}  # fmt: skip
arithmetic, megabytes = {}, {}
for kind, layers in KINDS.items():
    nodes = [node for node in plan.nodes() if isinstance(node.layer, layers)]
    numbers = sum(prod(n.input) + prod(n.output) + n.parameter_count for n in nodes)
    arithmetic[kind], megabytes[kind] = sum(n.multiply_adds for n in nodes), 4e-6 * numbers
    print(f"{kind}: {arithmetic[kind]:,} multiply-adds, {megabytes[kind]:.1f} MB")
print(f"together: {sum(arithmetic.values()):,} multiply-adds, {sum(megabytes.values()):.1f} MB")
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
figure, axis = plt.subplots(figsize=(7, 2.4), layout="constrained")
for row, amounts in enumerate((arithmetic, megabytes)):
    left, total = 0.0, sum(amounts.values())
    for (kind, amount), colour in zip(amounts.items(), COLOURS, strict=True):
        label = kind if row == 0 else None
        axis.barh(row, 100 * amount / total, left=left, color=colour, label=label)
        left += 100 * amount / total
axis.set_yticks([0, 1], ["multiply-adds", "memory traffic"])
axis.set(xlabel="percent of the whole network", xlim=(0, 100))
axis.invert_yaxis()
_ = axis.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.45, 1), frameon=False, fontsize=9)

# %% bound
clock, cores, width, units = 2.5e9, 2, 16, 2
rate = clock * cores * width * units
needed = plan.multiply_adds
print(f"multiply-adds a second: {rate:,.0f}")
print(f"multiply-adds an image: {needed:,}")
print(f"ms an image: {1000 * needed / rate:.1f}")
print(f"images a second: {rate / needed:.0f}")

# %% speedups tags=["measured"]
import os
from pathlib import Path

output = Path(os.environ["BOOK_OUTPUT"])
FRAMEWORKS = {"pytorch": "PyTorch", "tensorflow": "Keras", "paddle": "Paddle"}
figure, axes = plt.subplots(3, 1, figsize=(7, 5.6), layout="constrained", sharex=True)
for axis, (folder, title) in zip(axes, FRAMEWORKS.items(), strict=True):
    found = {}
    for cell in ("no_gradients", "settings"):
        lines = (output / folder / f"{cell}.txt").read_text().splitlines()
        found |= {name: float(number) for name, number in (line.split(": ") for line in lines)}
    shades = ["#bdbdbd" if number == 1 else "#0072b2" for number in found.values()]
    bars = axis.barh(list(found), list(found.values()), color=shades)
    axis.bar_label(bars, fmt="{:.2f}", padding=3)
    axis.invert_yaxis()
    axis.set_title(title, loc="left", fontsize=10)
    axis.margins(x=0.12)
_ = axes[-1].set_xlabel("speed, relative to the grey bar above it")

# %% batch_sizes tags=["measured"]
figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
for (folder, title), colour in zip(FRAMEWORKS.items(), COLOURS, strict=False):
    lines = (output / folder / "batches.txt").read_text().splitlines()
    rows = [line.replace(":", "").split() for line in lines]
    counts = [int(row[0]) for row in rows]
    axis.plot(counts, [float(row[1]) for row in rows], "o--", color=colour, label=f"{title}, plain")
    axis.plot(counts, [float(row[3]) for row in rows], "s-", color=colour, label=f"{title}, fast")
axis.set(xscale="log", yscale="log", xlabel="images in a batch", ylabel="processor ms an image")
axis.set_xticks([1, 2, 4], ["1", "2", "4"], minor=False)
axis.set_yticks([20, 50, 100, 200, 400], ["20", "50", "100", "200", "400"])
axis.minorticks_off()
_ = axis.legend(ncols=3, fontsize=8)
