# %% ours
from common.networks import network
from common.spec.planner import make_plan

plan = make_plan(network("googlenet"))
for step in plan.body.children:
    shape = " x ".join(map(str, step.output))
    print(f"{step.name:12} {shape:15} {step.parameter_count:>10,} {step.multiply_adds:>14,}")
print(f"sum: {plan.parameter_count:,} parameters, {plan.multiply_adds:,} multiply-adds")

# %% terms
modules = sum(s.parameter_count for s in plan.body.children if s.name.startswith("inception"))
stem = sum(s.parameter_count for s in plan.body.children if s.name.startswith("conv"))
print(f"three convolutions: {stem:,}")
print(f"nine modules: {modules:,}")
print(f"features: {stem + modules:,}")
classifier = 1024 * 1000 + 1000
print(f"classifier: {classifier:,}")
print(f"with classifier: {stem + modules + classifier:,}")
heads = 0
for name, channels in (("aux1", 512), ("aux2", 528)):
    conv, fc1 = channels * 128 + 128, 128 * 4 * 4 * 1024 + 1024
    heads += conv + fc1 + classifier
    print(f"{name}: {conv:,} + {fc1:,} + {classifier:,} = {conv + fc1 + classifier:,}")
print(f"with both heads: {stem + modules + classifier + heads:,}")
print(f"share of the heads: {heads / (stem + modules + classifier + heads):.0%}")

# %% costs
from matplotlib import pyplot as plt

BLUE, ORANGE, GREEN, PINK = "#0072b2", "#e69f00", "#009e73", "#cc79a7"
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "font.size": 11})
steps = [step for step in plan.body.children if step.parameter_count]
names = [step.name.replace("inception", "") for step in steps]
figure, axes = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
axes[0].bar(names, [step.parameter_count / 1e6 for step in steps], color=BLUE)
axes[0].set(ylabel="parameters, millions")
axes[1].bar(names, [step.multiply_adds / 1e6 for step in steps], color=ORANGE)
_ = axes[1].set(ylabel="multiply-adds, millions")

# %% fields
WAYS = {  # (kernel, stride, padding) of the layers on the longest way through each step
    "conv1": [(7, 2, 3)], "maxpool1": [(3, 2, 0)], "conv2": [(1, 1, 0)], "conv3": [(3, 1, 1)],
    "maxpool2": [(3, 2, 0)], "inception3a": [(5, 1, 2)], "inception3b": [(5, 1, 2)],
    "maxpool3": [(3, 2, 0)], **{f"inception4{letter}": [(5, 1, 2)] for letter in "abcde"},
    "maxpool4": [(3, 2, 0)], "inception5a": [(5, 1, 2)], "inception5b": [(5, 1, 2)],
}  # fmt: skip
size, distance, before, FIELDS = 1, 1, 0, {}
for name, layers in WAYS.items():
    for kernel, stride, padding in layers:
        size += (kernel - 1) * distance
        before += padding * distance
        distance *= stride
    FIELDS[name] = size, distance, before
    print(f"{name}: {size} pixels, neighbours {distance} apart")

# %% on_photo
import numpy as np
from PIL import Image

from common.data.images import photographs

photo = np.asarray(Image.open(photographs()[0]).convert("RGB").resize((224, 224)))
figure, axis = plt.subplots(figsize=(5.6, 5.6), layout="constrained")
axis.imshow(photo, interpolation="none")  # the pixels as they are
SHOWN = {"conv1": "black", "maxpool2": ORANGE, "inception3a": "#56b4e9", "inception3b": PINK}
for number, (name, colour) in enumerate({**SHOWN, "inception4a": "#f0e442"}.items()):
    size, distance, before = FIELDS[name]
    first = (112 // distance) * distance - before - 0.5
    axis.add_patch(plt.Rectangle((first, first), size, size, fill=False, ec=colour, lw=2.5))
    axis.text(242, 20 + 18 * number, f"{name}: {size}", color="black", va="center")
    axis.plot([230, 238], [20 + 18 * number] * 2, color=colour, lw=5, clip_on=False)
_ = axis.axis("off"), axis.set(xlim=(-0.5, 223.5), ylim=(223.5, -0.5))

# %% class_map
from common.data.images import batch
from common.reference.gradients import Forward, backward
from common.reference.network import compute_all, to_float64
from common.spec.initial import initial_arrays

features = make_plan(network("googlenet", until="inception5b"))
weights = to_float64(initial_arrays(plan, seed=0))
x = batch(photographs()[:1], (3, 224, 224), plan.spec.preprocess).astype(np.float64)
forward = Forward({})
maps = compute_all(features, x, weights, forward.compute)[features.spec.output]
dy = np.zeros_like(maps)
dy[0, :, 3, 3] = 1 / 1024  # the mean over the channels of the place in the middle
strength = np.abs(backward(features.body, dy, forward, {})[0]).sum(axis=0)
middle = strength[56:168, 56:168].sum() / strength.sum()
print(f"middle 112 x 112: {middle:.1%} of the gradient")

# %% effective
blocks = strength.reshape(28, 8, 28, 8).mean(axis=(1, 3))
figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
shown = axes[0].imshow(blocks / blocks.max(), cmap="cividis", extent=(0, 224, 224, 0))
axes[0].set(xlabel="column, pixels", ylabel="row, pixels")
figure.colorbar(shown, ax=axes[0], label="gradient, largest = 1")
axes[1].plot(np.arange(4, 224, 8), blocks.mean(axis=0) / blocks.mean(axis=0).max(), color=BLUE)
_ = axes[1].set(xlabel="column, pixels", ylabel="mean gradient, largest = 1", ylim=(0, 1.05))
