"""Curves of training as a picture: the loss of every step, the accuracy after every epoch."""

from collections.abc import Mapping
from pathlib import Path

from common.files.atomic import atomic_file

# One for each framework, told apart without colours, too.
STYLES = ("-", "--", ":")


def draw_curves(path: Path, runs: Mapping[str, list[dict]]) -> None:
    """Writes an SVG with the metrics of each run over those of the others."""
    from matplotlib.figure import Figure  # slow to import

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    losses, accuracies = figure.subplots(1, 2)
    for style, (name, metrics) in zip(STYLES * len(runs), runs.items(), strict=False):
        steps = [line for line in metrics if "step" in line]
        epochs = [line for line in metrics if "split" in line]
        losses.plot(
            [line["step"] for line in steps], [line["loss"] for line in steps], style, label=name
        )
        accuracies.plot(
            [line["epoch"] for line in epochs],
            [100 * line["top1"] for line in epochs],
            f"{style}o",
            label=name,
        )
    losses.set(xlabel="step", ylabel="training loss", yscale="log")
    accuracies.set(xlabel="epoch", ylabel="top-1 of the test images, %")
    for axes in (losses, accuracies):
        axes.grid(alpha=0.3)
        axes.legend()
    with atomic_file(path) as temporary:
        figure.savefig(temporary, format="svg")
