# %% connections
import numpy as np
from matplotlib import pyplot as plt

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"


def draw_connections(axis, title, groups, color=BLUE, channels=6):
    """Draws a square for each pair of an input and an output channel that a filter connects."""
    size = channels // groups
    for output in range(channels):
        for source in range(channels):
            used = output // size == source // size
            fill = color if used else "white"
            axis.add_patch(plt.Rectangle((source, output), 0.9, 0.9, fc=fill, ec="k", lw=0.6))
    axis.set(xlim=(-0.2, 6.1), ylim=(6.1, -0.2), aspect="equal", xticks=[], yticks=[])
    axis.set_title(title, fontsize=10)
    axis.spines[:].set_visible(False)


figure, axes = plt.subplots(1, 4, figsize=(7, 2.1), layout="constrained")
draw_connections(axes[0], "3x3, one group", 1)
draw_connections(axes[1], "3x3, three groups", 3)
draw_connections(axes[2], "3x3, depthwise", 6)
draw_connections(axes[3], "1x1 behind it", 1, ORANGE)
labels = axes[0].set(xlabel="input channels", ylabel="output channels")

# %% saving
for kernel in (3, 5, 7):
    for channels in (48, 728):
        full = kernel**2 * channels**2
        separable = kernel**2 * channels + channels**2
        share = f"{separable:,} of {full:,} weights, {separable / full:.1%}"
        print(f"{kernel} x {kernel}, {channels} channels: {share}")
figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
channels = np.geomspace(4, 2048, 50)
for kernel, color in zip((3, 5, 7), (BLUE, ORANGE, GREEN), strict=True):
    share = 1 / channels + 1 / kernel**2
    axis.loglog(channels, 100 * share, color=color, label=f"{kernel} x {kernel} filters")
    axis.axhline(100 / kernel**2, color=color, ls=":", lw=1)
ticks = [4, 16, 64, 256, 728, 2048]
axis.set_xticks(ticks, map(str, ticks))
axis.set_yticks([2, 5, 10, 20, 50], ["2 %", "5 %", "10 %", "20 %", "50 %"])
axis.minorticks_off()
axis.set(xlabel="output channels", ylabel="separable, in % of the full convolution")
legend = axis.legend()

# %% shares
from common.networks import NETWORKS, network
from common.spec import BatchNorm, Conv, DepthwiseConv, Linear
from common.spec.planner import make_plan

plan = make_plan(network("xception"))
kinds = {"depthwise": [], "pointwise": [], "other convolutions": [], "batch norm": [], "fc": []}
for node in plan.nodes():
    match node.layer:
        case DepthwiseConv():
            kinds["depthwise"].append(node)
        case Conv() if node.name == "pointwise":
            kinds["pointwise"].append(node)
        case Conv():
            kinds["other convolutions"].append(node)
        case BatchNorm():
            kinds["batch norm"].append(node)
        case Linear():
            kinds["fc"].append(node)
for kind, nodes in kinds.items():
    weights = sum(node.parameter_count for node in nodes) / plan.parameter_count
    work = sum(node.multiply_adds for node in nodes) / plan.multiply_adds
    print(f"{kind}: {len(nodes)} layers, {weights:.1%} of parameters, {work:.1%} of multiply-adds")
block = plan.find("block5")
print(f"block of the middle flow: {block.parameter_count:,} parameters")
print(f"its multiply-adds: {block.multiply_adds:,}")
print(f"with full convolutions: {3 * 9 * 728**2 * 19**2:,}")
print(f"the pointwise weights of the block: {3 * 728**2:,}, the depthwise ones: {3 * 9 * 728:,}")

# %% order
for inputs, outputs in ((48, 96), (96, 48)):
    first, last = 9 * inputs + inputs * outputs, inputs * outputs + 9 * outputs
    print(f"{inputs} to {outputs} channels: depthwise first {first:,}, 1x1 first {last:,}")

# %% learning
import os
from pathlib import Path

folder = Path(os.environ["BOOK_OUTPUT"])
figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
colors = {"full": BLUE, "separable": GREEN, "ReLU between": RED}
for framework, marker in {"pytorch": "o", "tensorflow": "x", "paddle": "+"}.items():
    for line in (folder / framework / "training.txt").read_text().splitlines():
        kind, _, numbers = line.partition(", loss: ")
        if numbers:
            losses = [float(number) for number in numbers.split()]
            label = kind if framework == "pytorch" else None
            axis.plot(range(20, 201, 20), losses, marker=marker, color=colors[kind], label=label)
axis.set(xlabel="training step", ylabel="mean loss of 20 steps", ylim=(0, 2.5))
legend = axis.legend()

# %% family
COLORS = {
    "googlenet": BLUE,
    "inception_v2": "#56B4E9",
    "inception_v3": GREEN,
    "inception_v4": ORANGE,
    "inception_resnet_v1": "#CC79A7",
    "inception_resnet_v2": "#A0522D",
    "xception": RED,
}
figure, axis = plt.subplots(figsize=(7, 4.6), layout="constrained")
points = {}
for name in NETWORKS:
    plan = make_plan(network(name))
    place = plan.parameter_count / 1e6, plan.multiply_adds / 1e9
    points.setdefault(name.split(".")[0], []).append((name, *place))
    print(f"{name}: {plan.parameter_count:,} parameters, {plan.multiply_adds:,} multiply-adds")
for (base, color), marker in zip(COLORS.items(), "os^DvPX", strict=True):
    names, parameters, work = zip(*points[base], strict=True)
    label = f"{base}: {len(names)}"
    axis.loglog(parameters, work, marker, color=color, alpha=0.7, label=label)
for name in ("googlenet.d2l", "inception_resnet_v1.facenet"):
    found = next(p for p in points[name.split(".")[0]] if p[0] == name)
    axis.annotate(name, found[1:], (0, -13), textcoords="offset points", ha="center")
for slope in (50, 100, 200, 400):
    ends = np.array([5, 70])
    axis.plot(ends, ends * slope / 1000, color="#999999", lw=0.7, ls=":")
    axis.text(70, 70 * slope / 1000, f" {slope}", va="center", color="#666666")
axis.set(xlabel="parameters, millions", ylabel="multiply-adds, billions", xlim=(4.5, 90))
axis.set_xticks([5, 10, 20, 50], ["5", "10", "20", "50"])
axis.set_yticks([0.3, 1, 3, 10, 30], ["0.3", "1", "3", "10", "30"])
axis.minorticks_off()
legend = axis.legend(loc="upper left", fontsize=9)
