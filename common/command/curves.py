"""SVG plots: training curves by step and by epoch, and bar charts of benchmarks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.files.atomic import atomic_file
from common.tools.bench.results import Timing, by_work
from common.tools.page.plots import plain_axes, plain_numbers
from common.training.metrics import training_top1

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# One per framework, distinguishable without colours.
STYLES = ("-", "--", ":")


def draw_curves(path: Path, runs: Mapping[str, list[dict]]) -> None:
    """Writes an SVG with the metrics of all runs in the same axes."""
    from matplotlib.figure import Figure  # slow to import
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    losses, accuracies = figure.subplots(1, 2)
    for style, (name, metrics) in zip(STYLES * len(runs), runs.items(), strict=False):
        steps = [line for line in metrics if "step" in line]
        epochs = [line for line in metrics if "split" in line]
        losses.plot(
            [line["step"] for line in steps], [line["loss"] for line in steps], style, label=name
        )
        losses.plot(
            [line["steps"] for line in epochs],
            [line["loss"] for line in epochs],
            f"{style}o",
            label=f"{name}, {epochs[0]['split']} images" if epochs else None,
        )
        accuracies.plot(
            [line["epoch"] for line in epochs],
            [100 * line["top1"] for line in epochs],
            f"{style}o",
            label=f"{name}, {epochs[0]['split']} images" if epochs else name,
        )
        training = training_top1(metrics)
        shares = [100 * share for share in training.values()]
        accuracies.plot(list(training), shares, f"{style}+", label=f"{name}, training batches")
    losses.set(xlabel="step", ylabel="loss", yscale="log")
    plain_numbers(losses)
    accuracies.set(xlabel="epoch", ylabel="top-1, %", ylim=(0, 100))
    for axes in (losses, accuracies):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        plain_axes(axes)
        axes.legend()
    save(figure, path)


def draw_rates(path: Path, rows: Sequence[Timing]) -> None:
    """Writes an SVG with a bar for each row, by workload: images per second and their spread."""
    from matplotlib.figure import Figure

    works = by_work(rows)
    figure = Figure(figsize=(9, 1 + 0.3 * (len(rows) + 3 * len(works))), layout="constrained")
    heights = [len(each) for each in works.values()]
    panels = figure.subplots(len(works), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (work, each) in zip(panels, works.items(), strict=True):
        rates = [row.images_per_second for row in each]
        below = [row.images_per_second - row.low for row in each]
        above = [row.high - row.images_per_second for row in each]
        axes.barh(
            [row.contestant.name for row in each],
            rates,
            xerr=(below, above),
            color="#88b",
            capsize=3,
        )
        axes.invert_yaxis()
        axes.grid(axis="x", alpha=0.3)
        axes.set_title(work.text, loc="left")
    panels[-1].set_xlabel("images a second, the median of the turns, and their middle half")
    save(figure, path)


def save(figure: "Figure", path: Path) -> None:
    """Writes a figure as an SVG, atomically."""
    with atomic_file(path) as temporary:
        figure.savefig(temporary, format="svg")
