# %% modules
from matplotlib import pyplot as plt

from common.networks import network
from common.spec import Chain, Concat, Residual
from common.spec.planner import make_plan

OKABE = ["#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#0072B2", "#D55E00"]
TITLES = {
    "googlenet": "GoogLeNet",
    "inception_v3": "Inception-v3",
    "inception_v4": "Inception-v4",
    "inception_resnet_v2": "Inception-ResNet-v2",
}


def modules(spec):
    """The modules of a network in order: its concatenations and its residual blocks."""
    found = []
    for layer in spec.body.layers.values():
        blocks = layer.layers.values() if isinstance(layer, Chain) else [layer]
        found += [b for b in blocks if isinstance(b, Concat) or holds_residual(b)]
    return found


def holds_residual(block):
    """Whether a block is a residual branch, with or without the ReLU behind it."""
    return isinstance(block, Chain) and isinstance(block.layers.get("residual"), Residual)


figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
for row, (name, title) in enumerate(TITLES.items()):
    found = modules(network(name))
    kinds = [module for n, module in enumerate(found) if module not in found[:n]]
    repeated = [kind for kind in kinds if found.count(kind) > 1]
    print(f"{title}: {len(found)} modules, {len(kinds)} different")
    for place, module in enumerate(found):
        again = module in repeated
        color = OKABE[repeated.index(module)] if again else "white"
        axis.add_patch(plt.Rectangle((place, -row), 0.85, 0.7, fc=color, ec="k", lw=0.8))
axis.set(xlim=(-0.5, 46), ylim=(-3.3, 1), xlabel="modules, from the image to the classifier")
axis.set_yticks([0.35 - row for row in range(4)], TITLES.values())
axis.spines[["top", "right", "left"]].set_visible(False)

# %% counted
plans = {name: make_plan(network(name)) for name in TITLES}
compared = {
    "module A": plans["inception_v4"].find("Mixed_5b"),
    "block35": plans["inception_resnet_v2"].find("block35.0"),
    "module B": plans["inception_v4"].find("Mixed_6b"),
    "block17": plans["inception_resnet_v2"].find("block17.0"),
    "module C": plans["inception_v4"].find("Mixed_7b"),
    "block8": plans["inception_resnet_v2"].find("block8.0"),
}
for name, node in compared.items():
    size = "{} x {} x {}".format(*node.output)
    print(
        f"{name}: {size}, {node.parameter_count:,} parameters, {node.multiply_adds:,} multiply-adds"
    )
for name, plan in plans.items():
    print(
        f"{TITLES[name]}: {plan.parameter_count:,} parameters, {plan.multiply_adds:,} multiply-adds"
    )
branches = 320 * 32 + 320 * 32 + 9 * 32 * 32 + 320 * 32 + 9 * 32 * 48 + 9 * 48 * 64
print(f"weights of the branches: {branches:,}")
print(f"batch normalization: {2 * (32 + 32 + 32 + 32 + 48 + 64):,}")
print(f"projection: {128 * 320 + 320:,}")

# %% predicted
for scale in (1, 0.3, 0.17, 0.1):
    factor = (1 + scale**2) ** 0.5
    print(
        f"scale {scale}: {factor:.4f} a block, {factor**20:.3g} after 20, {factor**40:.3g} after 40"
    )

# %% activations
import numpy as np
from sklearn.datasets import load_sample_images

from common.networks.overrides import every
from common.reference.gradients import Forward
from common.reference.layers import compute
from common.reference.network import compute_all, to_float64
from common.spec.initial import initial_arrays
from common.spec.rewrite import rewrite_network, without_dropout

published = without_dropout(network("inception_resnet_v2", input=(3, 75, 75)))
unscaled = rewrite_network(published, every(Residual, scale=1.0))
weights = to_float64(initial_arrays(make_plan(published), seed=0))
photos = np.stack([image[150:300:2, 200:350:2] for image in load_sample_images().images])
x = photos.transpose(0, 3, 1, 2) / 127.5 - 1
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
styles = {"scales as published": (published, "#0072B2"), "all scales 1": (unscaled, "#D55E00")}
for mode, line in {"evaluation": "--", "training": "-"}.items():
    for title, (spec, color) in styles.items():
        plan = make_plan(spec)
        how = compute if mode == "evaluation" else Forward({}, frozenset()).compute
        outputs = compute_all(plan, x, weights, how)
        nodes = [n for n in plan.nodes() if n.path.startswith("block") and n.path.count(".") == 1]
        spreads = [outputs[n.path].std() for n in nodes]
        axis.semilogy(range(1, 41), spreads, line, color=color, label=f"{title}, {mode}")
        print(f"{title}, {mode}: {spreads[9]:.3g} {spreads[29]:.3g} {spreads[39]:.3g}")
axis.set(xlabel="residual block", ylabel="standard deviation of the map", xlim=(0, 41))
axis.axvspan(0.5, 10.5, color="#eeeeee")
axis.axvspan(30.5, 40.5, color="#eeeeee")
legend = axis.legend()

# %% curves
import os
from pathlib import Path

folder = Path(os.environ["BOOK_OUTPUT"])
figure, axes = plt.subplots(1, 3, figsize=(7, 3), sharey=True, layout="constrained")
markers = {"pytorch": "o", "tensorflow": "x", "paddle": "+"}
for framework, marker in markers.items():
    for text in (folder / framework / "training.txt").read_text().splitlines():
        key, numbers = text.split(": ")
        scale, rate = (part.split()[-1] for part in key.split(", "))
        axis = axes[("1", "0.3", "0.1").index(scale)]
        color = dict(zip(("0.01", "0.1", "0.5"), OKABE[:3], strict=True))[rate]
        label = f"rate {rate}" if framework == "pytorch" else None
        losses = [float(number) for number in numbers.split()]
        axis.plot(range(0, 61, 10), losses, marker=marker, color=color, label=label)
        axis.set(title=f"scale {scale}", xlabel="training step", ylim=(0, 2.6))
axes[0].set_ylabel("loss of the batch")
legend = axes[0].legend(loc="lower left")
