# %% windows
from matplotlib import pyplot as plt


def draw_windows(axis, title, start, count, length, kernel=3, stride=2):
    """Draws a row of pixels, and below it the windows that a layer lays over it."""
    end = max(length, start + stride * (count - 1) + kernel)
    for pixel in range(start, end):
        inside = 0 <= pixel < length
        axis.add_patch(plt.Rectangle((pixel, 0), 1, 1, fc="#dbe9f6" if inside else "white", ec="k"))
        axis.text(pixel + 0.5, 0.5, pixel if inside else "", ha="center", va="center")
    for number in range(count):
        left = start + stride * number
        axis.plot([left + 0.1, left + kernel - 0.1], [-0.4 - 0.35 * (number % 2)] * 2, lw=4)
    axis.set(xlim=(-1.5, 10.5), ylim=(-1.1, 1.1), title=title)
    axis.axis("off")


figure, axes = plt.subplots(3, 1, figsize=(7, 4.5), layout="constrained")
draw_windows(axes[0], "floor: 3 outputs, the last pixel is in no window", 0, 3, length=8)
draw_windows(axes[1], "ceil: 4 outputs, the last window is cut at the border", 0, 4, length=8)
draw_windows(axes[2], "padding 1: 4 outputs, the windows begin one pixel earlier", -1, 4, length=8)
