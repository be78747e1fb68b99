"""Plots with axes, drawn by Matplotlib as SVG that takes the page's colours and fonts."""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# One per framework, distinguishable with any colour vision, each with a line style of its own.
FRAMEWORK_COLOURS = {
    "pytorch": "#d1495b",
    "tensorflow": "#c98a00",
    "paddle": "#2e6fbf",
    "onnx": "#2a8f6d",
    "numpy": "#77788a",
}
OTHER = "#8a5fb0"  # for the frameworks of others
STEEP = 1.5  # a ratio of neighbouring points at which a line runs through the text above them
STYLES = ("-", "--", "-.", ":")


def colour_of(framework: str) -> str:
    """The colour of a framework."""
    return FRAMEWORK_COLOURS.get(framework, OTHER)


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of that many inches."""
    from matplotlib.figure import Figure  # slow to import

    return Figure(figsize=(width, height), layout="constrained")


def plain_axes(axes: "Axes") -> None:
    """Leaves out the frame at the top and right, and draws a light grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)


def plain_numbers(axes: "Axes") -> None:
    """Writes the numbers of a logarithmic vertical axis in full, at 1, 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def svg_of(figure: "Figure", name: str) -> str:
    """The figure as SVG for a page; `name` keeps its ids apart from those of other figures."""
    import matplotlib as mpl

    held, drawn = io.StringIO(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name})
    with drawn, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the browser has the glyphs that Matplotlib misses
        figure.savefig(held, format="svg", transparent=True, metadata={"Date": None})
    text = held.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, 'Noto Sans CJK SC', sans-serif", text)
    return text.replace("#000000", "var(--text)").replace("#b0b0b0", "var(--line)")


def gradient_plot(
    paths: Sequence[str],
    without: Sequence[float],
    with_heads: Sequence[float],
    names: Sequence[str],
) -> str:
    """The gradient's norm at each step, without and with the heads; the ratio is at each step.

    `names` are the texts of the vertical axis and of both lines.
    """
    figure = new_figure(9, 3.8)
    axes = figure.subplots()
    plain_axes(axes)
    positions = range(len(paths))
    axes.plot(positions, without, "o--", color="#77788a", label=names[1], markersize=4)
    axes.plot(positions, with_heads, "o-", color="#d1495b", label=names[2], markersize=4)
    for position, low, high in zip(positions, without, with_heads, strict=True):
        sides = [
            with_heads[each] for each in (position - 1, position + 1) if each in positions
        ] or [high]
        # Below the lines where one of them rises steeply from here and none falls.
        below = max(sides) > STEEP * high and min(sides) > high / STEEP
        axes.annotate(f"{high / low:.2f}", (position, min(low, high) if below else max(low, high)),
                      (0, -13 if below else 6), textcoords="offset points", fontsize=9,
                      ha="center")  # fmt: skip
    axes.set_xticks(list(positions), paths, rotation=50, ha="right", rotation_mode="anchor")
    axes.set(yscale="log", ylabel=names[0])
    plain_numbers(axes)
    axes.margins(y=0.18)
    axes.legend(frameon=False)
    return svg_of(figure, f"gradients-{'en' if names[0].isascii() else 'zh'}")


def rate_plot(bars: Sequence[tuple[str, str, float, float, float]], name: str) -> str:
    """Images per second, one bar for each contestant, grouped by framework, with its number.

    Each of `bars` is a framework, a contestant, and its median, lower and upper quartile.
    """
    figure = new_figure(8, 0.7 + 0.3 * len(bars))
    axes = figure.subplots()
    plain_axes(axes)
    axes.grid(visible=False, axis="y")
    for position, (framework, _, rate, low, high) in enumerate(bars):
        axes.barh(position, rate, color=colour_of(framework), alpha=0.75, height=0.7)
        axes.plot([low, high], [position, position], color="#000000", linewidth=1.6)
        axes.annotate(f"{rate:.1f}", (high, position), (5, 0), textcoords="offset points",
                      va="center", fontsize=9)  # fmt: skip
    axes.set_yticks(range(len(bars)), [contestant for _, contestant, *_ in bars])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12 * max(high for *_, high in bars))
    return svg_of(figure, name)


def curve_plot(
    lines: Mapping[str, tuple[str, Sequence[tuple[float, float]]]],
    *,
    name: str,
    axes_names: Sequence[str],
    percent: bool,
) -> str:
    """The curves of several runs; each is a framework and points, named at its end.

    Percentages go from 0 to 100 over whole epochs; other values are on a logarithmic axis.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(7.2, 3.4)
    axes = figure.subplots()
    plain_axes(axes)
    for position, (framework, points) in enumerate(lines.values()):
        x, y = zip(*points, strict=True)
        style = STYLES[position % len(STYLES)] + ("o" if percent else "")
        axes.plot(x, y, style, color=colour_of(framework), markersize=4, linewidth=1.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if axes.get_xlim()[1] - axes.get_xlim()[0] < 1:  # a single step or epoch
        axes.set_xlim(points[0][0] - 1, points[0][0] + 1)
    axes.set(xlabel=axes_names[0], ylabel=axes_names[1])
    if percent:
        axes.set(ylim=(0, 100))
    else:
        axes.set(yscale="log")
        plain_numbers(axes)
    name_lines(axes, lines)
    return svg_of(figure, name)


def name_lines(
    axes: "Axes", lines: Mapping[str, tuple[str, Sequence[tuple[float, float]]]]
) -> None:
    """Writes each line's name at its end, to the right of the axes, none over another."""
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = {name: to_axes.transform(points[-1])[1] for name, (_, points) in lines.items()}
    least = 0.0
    for name in sorted(ends, key=ends.__getitem__):
        position = max(ends[name], least)
        colour = colour_of(lines[name][0])
        axes.text(1.015, position, name, color=colour, transform=axes.transAxes, va="center")
        least = position + 0.07
