# %% axes
import os
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

COLOURS = ("#56b4e9", "#e69f00", "#009e73")
kernel = np.arange(12).reshape(3, 2, 1, 2)  # 3 filters, 2 input channels, 1 row, 2 columns
orders = {
    "out in h w, as in the file": kernel.ravel(),
    "h w in out, transposed": kernel.transpose(2, 3, 1, 0).ravel(),
    "h w in out, only reshaped": kernel.reshape(1, 2, 2, 3).ravel(),
}
figure, axes = plt.subplots(3, 1, figsize=(7, 3.6), layout="constrained")
for axis, (title, order) in zip(axes, orders.items(), strict=True):
    for place, number in enumerate(order):
        out, channel, _, column = np.argwhere(kernel == number)[0]
        axis.add_patch(plt.Rectangle((place, 0), 0.95, 1, color=COLOURS[out]))
        axis.text(place + 0.48, 0.5, f"{out},{channel},{column}", ha="center", va="center")
    if title.startswith("h"):
        for place in (3, 6, 9):
            axis.axvline(place - 0.025, color="black", lw=2)
    axis.set(xlim=(-0.1, 12.1), ylim=(-0.1, 1.1))
    axis.set_title(title, loc="left", fontsize=10)
    axis.axis("off")

# %% seen
from sklearn.datasets import load_sample_image

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
photograph = load_sample_image("flower.jpg")[60:316:2, 200:520:2] / 255
right = (photograph - MEAN) / DEVIATION
inputs = {
    "as in training": right,
    "BGR": (photograph[..., ::-1] - MEAN) / DEVIATION,
    "0 to 1": photograph,
    "-1 to 1": 2 * photograph - 1,
    "0 to 255": 255 * photograph,
    "reshaped": right.reshape(3, 128, 160).transpose(1, 2, 0),
}
figure, axes = plt.subplots(2, 3, figsize=(7, 4.2), layout="constrained")
for axis, (title, values) in zip(axes.flat, inputs.items(), strict=True):
    axis.imshow(np.clip(values * DEVIATION + MEAN, 0, 1))
    axis.set_title(title, fontsize=10)
    axis.set(xticks=[], yticks=[])
    low, high = values.min(), values.max()
    print(f"{title}: from {low:.2f} to {high:.2f}, mean {values.mean():.2f}")

# %% accuracies
output = Path(os.environ["BOOK_OUTPUT"]) / "pytorch"
lines = (output / "preprocessing.txt").read_text().splitlines()
found = {name: float(number) for name, number in (line.rsplit(": ", 1) for line in lines)}
figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
bars = axis.barh(list(found), list(found.values()), color="#0072b2")
axis.bar_label(bars, fmt="{:.3f}", padding=3)
axis.axvline(0.5, color="black", ls=":")
axis.set(xlim=(0, 1.1), xlabel="accuracy; dotted: guessing")
axis.invert_yaxis()

# %% published
from common.networks import network

NAMES = ("googlenet", "googlenet.torchvision", "inception_v3", "inception_v3.keras",
         "inception_v4", "xception", "googlenet.caffe", "inception_v2")  # fmt: skip
for name in NAMES:
    spec = network(name)
    how = spec.preprocess
    print(f"{name}:\n  {how.resizing_text(*spec.input[1:])}\n  {how.value_text()}")
