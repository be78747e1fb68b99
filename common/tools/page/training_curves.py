"""Training runs of one network for the page: curves, scores and confusion matrices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path

from common.errors import DataError, UserError
from common.jobs.call import call
from common.tools.train.scoring_jobs import Evaluate
from common.training.metrics import read_metrics
from common.training.record import read_classes, read_json, read_recipe

WIDTH, HEIGHT = 320.0, 120.0  # of a curve's plot
MOST = 40  # classes for which a matrix is still readable
DASHES = ("none", "6 3", "2 2", "8 2 2 2")  # distinguishable without colours


@dataclass(frozen=True)
class ShownRun:
    """One run: its curves as points (step, loss) and (epoch, top-1), and its final scores.

    `confusion` counts images by true and predicted class; `note` says why it is missing.
    """

    name: str
    framework: str
    losses: list[tuple[float, float]]
    accuracies: list[tuple[float, float]]
    classes: tuple[str, ...]
    confusion: list[list[int]]
    note: str = ""


@dataclass(frozen=True)
class Curves:
    """Both plots of all runs: a polyline and a dash pattern for each run, and the axes' limits."""

    losses: list[str]
    accuracies: list[str]
    dashes: list[str]
    ends: dict[str, float]


def read_run(folder: Path, network: str, report_progress: Callable[[str, str], None]) -> ShownRun:
    """Reads a run and scores it again.

    Raises DataError for a run of a different network, or one without a finished epoch.
    """
    recipe, metrics = read_recipe(folder), read_metrics(folder / "metrics.jsonl")
    if recipe.network != network:
        raise DataError(f"{folder}: a run of {recipe.network}, not {network}")
    try:
        steps = [(line["step"], float(line["loss"])) for line in metrics if "step" in line]
        epochs = [(line["epoch"], float(line["top1"])) for line in metrics if "split" in line]
        framework = str(read_json(folder / "environment.json", {})["framework"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder}: its records are not those of a run ({error})") from None
    if not steps or not epochs:
        raise DataError(f"{folder}: no epoch has finished yet")
    weights = folder / "checkpoints" / "last.safetensors"
    report_progress(framework, f"scoring {folder}")
    job = Evaluate(
        framework=framework,
        network=network,
        weights=str(weights),
        data=recipe.data,
        preprocess=recipe.preprocess,
        skip=recipe.on_error == "skip",
        run=str(folder),
    )
    classes, confusion, note = read_classes(folder), [], ""
    try:
        # The weights may have more classes than the data.
        scores = call(job).arrays["confusion"][: len(classes), : len(classes)]
        confusion, note = scores.tolist(), "" if len(classes) <= MOST else f"{len(classes)} classes"
    except UserError as error:
        note = str(error)
    return ShownRun(folder.name, framework, steps, epochs, classes, confusion, note)


def draw_curves(runs: Sequence[ShownRun]) -> Curves:
    """The curves of all runs in one frame; losses on a log scale, accuracies from 0 to 1."""
    losses = [[(x, log10(max(y, 1e-6))) for x, y in run.losses] for run in runs]
    last = max(x for points in losses for x, _ in points)
    values = [y for points in losses for _, y in points]
    low, high = min(values), max(max(values), min(values) + 1e-6)
    epochs = max(x for run in runs for x, _ in run.accuracies)
    return Curves(
        [polyline(points, last, low, high) for points in losses],
        [polyline(run.accuracies, epochs, 0, 1) for run in runs],
        [DASHES[number % len(DASHES)] for number in range(len(runs))],
        {"steps": last, "epochs": epochs, "low": 10**low, "high": 10**high},
    )


def polyline(points: Sequence[tuple[float, float]], last: float, low: float, high: float) -> str:
    """The points of a line in the plot's coordinates."""
    points = [*points, points[-1]]  # a single point is drawn as a dot
    placed = [(WIDTH * x / last, HEIGHT * (high - y) / (high - low)) for x, y in points]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
