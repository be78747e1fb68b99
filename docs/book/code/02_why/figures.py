# %% counts
INCEPTION = {  # 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip
SIDE = {"3": 28, "4": 14, "5": 7}  # rows and columns of the maps


def inception_layers(name, channels):
    """Returns (inputs, filters, kernel, side) of the module's six convolutions."""
    ch1x1, reduce3x3, ch3x3, reduce5x5, ch5x5, project = INCEPTION[name]
    pairs = [(channels, ch1x1, 1), (channels, reduce3x3, 1), (reduce3x3, ch3x3, 3)]
    pairs += [(channels, reduce5x5, 1), (reduce5x5, ch5x5, 5), (channels, project, 1)]
    return [(*pair, SIDE[name[0]]) for pair in pairs]


layers, channels = [(3, 64, 7, 112), (64, 64, 1, 56), (64, 192, 3, 56)], 192
for name, (ch1x1, _, ch3x3, _, ch5x5, project) in INCEPTION.items():
    layers += inception_layers(name, channels)
    channels = ch1x1 + ch3x3 + ch5x5 + project
layers += [(channels, 1000, 1, 1)]  # the classifier
parameters = sum(k * k * c * d + d for c, d, k, _ in layers)
multiply_adds = sum(k * k * c * d * side * side for c, d, k, side in layers)
print(f"convolutions and fully connected layers: {len(layers)}")
print(f"parameters: {parameters:,}")
print(f"multiply-adds: {multiply_adds:,}")
reduced = inception_layers("4b", 512)[3:5]
for label, branch in (("directly", [(512, 64, 5, 14)]), ("through 24", reduced)):
    work = sum(k * k * c * d * n * n for c, d, k, n in branch)
    print(f"5x5 branch of 4b, {label}: {work:,} multiply-adds")

# %% shares
SHARES = {}  # parameters and multiply-adds in convolutions, then in fully connected layers
ALEX = [(3, 96, 11, 55), (48, 256, 5, 27), (256, 384, 3, 13), (192, 384, 3, 13), (192, 256, 3, 13)]
VGG = [(3, 64, 3, 224), (64, 64, 3, 224), (64, 128, 3, 112), (128, 128, 3, 112), (128, 256, 3, 56)]
VGG += [(256, 256, 3, 56)] * 2 + [(256, 512, 3, 28)] + [(512, 512, 3, 28)] * 2
VGG += [(512, 512, 3, 14)] * 3
FULL = [(4096, 4096, 1, 1), (4096, 1000, 1, 1)]
PARTS = {
    "AlexNet": (ALEX, [(256 * 6 * 6, 4096, 1, 1), *FULL]),
    "VGG-16": (VGG, [(512 * 7 * 7, 4096, 1, 1), *FULL]),
    "GoogLeNet": (layers[:-1], layers[-1:]),
}
for network, parts in PARTS.items():
    counted = [sum(k * k * c * d + d for c, d, k, _ in part) for part in parts]
    work = [sum(k * k * c * d * n * n for c, d, k, n in part) for part in parts]
    SHARES[network] = counted, work
    print(
        f"{network}: {sum(counted):,} parameters, {counted[1] / sum(counted):.0%} fully connected"
    )
    print(f"{network} work: {sum(work):,} multiply-adds, {work[1] / sum(work):.1%} fully connected")
    print(f"{network} per parameter: {sum(work) / sum(counted):.0f} multiply-adds")
for first, second in (("AlexNet", "GoogLeNet"), ("VGG-16", "GoogLeNet"), ("GoogLeNet", "AlexNet")):
    less, more = (sum(SHARES[first][which]) / sum(SHARES[second][which]) for which in (0, 1))
    print(f"{first} by {second}: parameters {less:.1f} and multiply-adds {more:.1f}")

# %% three_networks
from matplotlib import pyplot as plt

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#e69f00", "#009e73", "#7f7f7f"
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "font.size": 11})
figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
for axis, which, unit, title in zip(
    axes, (0, 1), (1e6, 1e9), ("parameters, millions", "multiply-adds, billions"), strict=True
):
    values = [[SHARES[name][which][part] / unit for name in SHARES] for part in (0, 1)]
    axis.barh(list(SHARES), values[0], color=BLUE, label="convolutions")
    axis.barh(list(SHARES), values[1], left=values[0], color=ORANGE, label="fully connected")
    for row, total in enumerate(map(sum, zip(*values, strict=True))):
        axis.text(total, row, f" {total:.1f}", va="center")
    axis.set(xlabel=title, xlim=(0, max(map(sum, zip(*values, strict=True))) * 1.15))
axes[0].legend(loc="lower right", frameon=False)
axes[0].invert_yaxis()

# %% growth
naive, reduced, channels, wide = {}, {}, 192, 192
for name, (ch1x1, _, ch3x3, _, ch5x5, project) in INCEPTION.items():
    side = SIDE[name[0]]
    inside = sum(k * k * c * d for c, d, k, _ in inception_layers(name, channels))
    channels = ch1x1 + ch3x3 + ch5x5 + project
    reduced[name] = channels, inside, inside * side * side
    inside = wide * (ch1x1 + 9 * ch3x3 + 25 * ch5x5)
    wide += ch1x1 + ch3x3 + ch5x5  # the pooled map keeps all of its channels
    naive[name] = wide, inside, inside * side * side
    print(f"{name}: {channels} channels, naive {wide:,}; {inside:,} weights naive")
sums = []
for label, modules in (("reduced", reduced), ("naive", naive)):
    total, work = (sum(row[n] for row in modules.values()) for n in (1, 2))
    sums.append((total, work))
    print(f"nine modules, {label}: {total:,} weights, {work:,} multiply-adds")
times = [large / small for small, large in zip(*sums, strict=True)]
print(f"naive by reduced: weights {times[0]:.1f} and multiply-adds {times[1]:.1f}")

# %% channels
figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
for axis, which, unit, title in zip(
    axes, (0, 2), (1, 1e6), ("output channels", "multiply-adds, millions"), strict=True
):
    for modules, colour, marker, label in (
        (naive, ORANGE, "s", "naive"),
        (reduced, BLUE, "o", "with 1x1 reductions"),
    ):
        values = [row[which] / unit for row in modules.values()]
        axis.plot(list(modules), values, color=colour, marker=marker, label=label)
    axis.set(xlabel="module", ylabel=title, ylim=(0, None))
_ = axes[0].legend(frameon=False)


# %% modules
COLOURS = {"1x1": "#cfe3f3", "3x3": "#fbe3b5", "5x5": "#f3c9b8", "max": "#e3e3e3"}


def box(axis, x, y, text):
    """Draws a layer in the colour of its kind, or a map in white."""
    colour = COLOURS.get(text[:3], "white")
    axis.add_patch(plt.Rectangle((x - 0.9, y - 0.3), 1.8, 0.6, fc=colour, ec="k"))
    axis.text(x, y, text, ha="center", va="center", fontsize=10)


def draw_module(axis, title, branches, joined):
    """Draws branches, each a list of (text, height) from the input upwards."""
    for number, branch in enumerate(branches):
        x = 2.1 * number
        path = [(3.15, 0), (3.15, 0.7), (x, 0.7), (x, 3.35), (3.15, 3.35), (3.15, 4)]
        axis.plot(*zip(*path, strict=True), color=GREY, zorder=0)
        for text, y in branch:
            box(axis, x, y, text)
    box(axis, 3.15, 0, "192 x 28 x 28")
    box(axis, 3.15, 4, joined)
    axis.set(xlim=(-1, 7.3), ylim=(-0.5, 4.8), title=title)
    axis.axis("off")


figure, axes = plt.subplots(2, 1, figsize=(7, 7), layout="constrained")
direct = [[(text, 2)] for text in ("1x1, 64", "3x3, 128", "5x5, 32", "max 3x3, 192")]
draw_module(axes[0], "naive", direct, "416 x 28 x 28")
before = ("1x1, 96", "1x1, 16", "max 3x3, 192")
after = ("3x3, 128", "5x5, 32", "1x1, 32")
pairs = [[(a, 1.4), (b, 2.7)] for a, b in zip(before, after, strict=True)]
draw_module(axes[1], "with 1x1 reductions", [[("1x1, 64", 2)], *pairs], "256 x 28 x 28")

# %% by_hand
for c, d, k, _ in inception_layers("3a", 192):
    print(
        f"{k}x{k} from {c} to {d}: {k * k * c * d:,} weights + {d} biases = {k * k * c * d + d:,}"
    )
