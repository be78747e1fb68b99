# %% by_hand
import numpy as np

variance, count = 0.01, 2 * 8 * 8
print(f"eps: {1 - np.sqrt((variance + 1e-5) / (variance + 1e-3)):.6f}")
print(f"running variance: {1 / count:.6f}")
print(f"corner of the average: {4 / 9:.4f}")
print(f"least loss after two softmaxes: {np.log(1 + 9 / np.e):.4f}")

# %% choices
import os
from pathlib import Path

from matplotlib import pyplot as plt

BLUE, ORANGE, GREY = "#56b4e9", "#e69f00", "#d9d9d9"
output = Path(os.environ["BOOK_OUTPUT"])
usual = {}
for framework in ("pytorch", "tensorflow", "paddle"):
    lines = (output / framework / "usual.txt").read_text().splitlines()
    usual[framework] = dict(line.split(": ") for line in lines)
printed = [p.read_text() for p in (output / "pytorch").glob("*.txt") if p.stem != "usual"]
pairs = [line.split(": ") for line in "".join(printed).splitlines() if ": " in line]
apart = {name: float(text) for name, text in pairs if name in usual["pytorch"]}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 5), width_ratios=[3, 1], sharey=True)
for row, name in enumerate(usual["pytorch"]):
    titles = list(dict.fromkeys(texts[name] for texts in usual.values()))
    for column, texts in enumerate(usual.values()):
        colour = GREY if texts[name] == "neither" else (BLUE, ORANGE)[titles.index(texts[name])]
        left.add_patch(plt.Rectangle((column, row), 0.96, 0.9, color=colour))
        left.text(column + 0.48, row + 0.45, texts[name], ha="center", va="center", fontsize=8)
    right.barh(row + 0.45, apart[name], height=0.6, color="#0072b2")
left.set(xlim=(0, 3), ylim=(len(apart), 0), title="as usually written")
left.set_xticks([0.48, 1.48, 2.48], ["PyTorch", "Keras", "Paddle"])
left.set_yticks([row + 0.45 for row in range(len(apart))], list(usual["pytorch"]))
right.set(xscale="log", title="difference", xlabel="of the largest value")
for axis in (left, right):
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
figure.tight_layout()

# %% where
from sklearn.datasets import load_sample_image

grey = load_sample_image("china.jpg")[60:390:5, 100:430:5].mean(2) / 255


def windows(pixels, stride=1):
    """All 3 x 3 windows of a map."""
    return np.lib.stride_tricks.sliding_window_view(pixels, (3, 3))[::stride, ::stride]


average = windows(np.pad(grey, 1)).mean((2, 3))
inside = windows(np.pad(np.ones_like(grey), 1)).mean((2, 3))
ceil = windows(np.pad(grey, ((0, 1), (0, 1))), 2).max((2, 3))
shifted = windows(np.pad(grey, ((1, 0), (1, 0))), 2).max((2, 3))
norm = [(grey - 0.5) / np.sqrt(0.01 + eps) for eps in (1e-3, 1e-5)]
pairs = {
    "border of an average": (average / inside, average),
    "pool moved by a pixel": (ceil, shifted),
    "eps of batch norm": tuple(norm),
}
figure, axes = plt.subplots(1, 3, figsize=(7, 2.7), layout="constrained")
for axis, (title, (first, second)) in zip(axes, pairs.items(), strict=True):
    off = np.abs(first - second) / np.abs(first).max()
    shown = axis.imshow(off, cmap="cividis", vmin=0)
    axis.set_title(title, fontsize=9)
    axis.set(xticks=[], yticks=[])
    figure.colorbar(shown, ax=axis, orientation="horizontal", label="error / largest value")
    print(f"{title}: {(off > 1e-6).mean():.3f} of the positions differ")

# %% falling
outside = inside = weight_outside = weight_inside = 0.0
paths = [[], []]
for step in range(24):
    rate = 0.1 if step < 12 else 0.01
    outside = 0.9 * outside + 1
    inside = 0.9 * inside + rate
    weight_outside, weight_inside = weight_outside - rate * outside, weight_inside - inside
    paths[0].append(weight_outside)
    paths[1].append(weight_inside)
    if step == 12:
        print(f"step 13, rate outside: {rate * outside:.4f}\nstep 13, rate inside: {inside:.4f}")
figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
for path, title, colour, style in zip(
    paths, ("rate outside", "rate inside"), ("#0072b2", "#d55e00"), ("-", "--"), strict=True
):
    axis.plot(range(1, 25), path, style, label=title, color=colour, lw=2)
axis.axvline(12.5, color="grey", ls=":")
axis.set(xlabel="step; the learning rate falls to a tenth after step 12", ylabel="weight")
_ = axis.legend()
