"""`compare --train`: trains one recipe in every framework and compares the runs."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from common.command import documents
from common.command.begin_or_resume import GRACE_SECONDS, check_new, starting_weights
from common.command.curves import draw_curves
from common.command.outputs import check_runs_folder
from common.command.progress import follow
from common.command.show import grid, number, print_table
from common.errors import CheckFailed
from common.jobs.call import call
from common.jobs.job import Report
from common.tools.train.train_jobs import Train
from common.training.checkpoints import read_newest
from common.training.comparison import TOLERANCES, Outcome, outcome, weights_apart
from common.training.folder import begin, open_run
from common.training.lock import locked
from common.training.metrics import read_metrics
from common.training.recipe import Recipe


def compare_training(
    recipe: Recipe, frameworks: Sequence[str], out: Path, plain: bool, json: bool
) -> None:
    """Trains in each framework in turn, in folders in `out`, and compares the runs.

    Raises CheckFailed if runs in float64 diverge from one another; in float32 they may, because
    rounding errors grow.
    """
    check_runs_folder(out, frameworks)
    outcomes: dict[str, Outcome] = {}
    runs, states = {}, {}
    for framework in frameworks:
        folder = out / framework
        report = train_one(framework, folder, recipe, plain)
        runs[framework] = read_metrics(folder / "metrics.jsonl")
        first, tolerance = runs[frameworks[0]], TOLERANCES[recipe.dtype]
        states[framework] = read_newest(folder / "checkpoints")[0]
        apart = weights_apart(states[framework], states[frameworks[0]])
        outcomes[framework] = outcome(
            runs[framework],
            first,
            tolerance,
            seconds=report.seconds,
            peak_mb=report.megabytes,
            weights_apart=apart,
        )
    draw_curves(out / "curves.svg", runs)
    if json:
        about = {"recipe": asdict(recipe), "tolerance": tolerance}
        each = {framework: asdict(result) for framework, result in outcomes.items()}
        documents.print_json(about | {"frameworks": each})
    else:
        print_outcomes(recipe, outcomes, out)
    parted = [f for f, result in outcomes.items() if result.parts_at is not None]
    if parted and recipe.dtype == "float64":
        raise CheckFailed(
            f"the losses of {parted[0]} diverge at step {outcomes[parted[0]].parts_at}"
        )


def train_one(framework: str, folder: Path, recipe: Recipe, plain: bool) -> Report:
    """Trains in one framework, in a new folder; reports the time and the memory."""
    print(f"{framework}: training", file=sys.stderr)
    check_new(folder)
    with locked(folder) as lock:
        begin(folder, recipe, starting_weights(recipe))
        with follow(open_run(folder)[0]) as watch:
            job = Train(framework=framework, folder=str(folder), plain=plain, held=[lock])
            return call(job, float("inf"), watch, GRACE_SECONDS)


def print_outcomes(recipe: Recipe, outcomes: Mapping[str, Outcome], out: Path) -> None:
    """Prints a line for each framework, with how far its losses and weights agree."""
    steps = next(iter(outcomes.values())).steps
    print(f"{steps:,} steps of {recipe.network} on {recipe.data}: same weights, batches, dropout")
    columns = "framework", "loss", "top-1", "images/s", "seconds", "peak MB"
    table = grid(*columns, "loss apart", "weights apart", "parts at")
    table.collapse_padding = True
    for framework, result in outcomes.items():
        table.add_row(
            framework,
            f"{result.loss:.5f}",
            f"{result.top1:.2%}",
            f"{result.images_per_second:.0f}",
            f"{result.seconds:.0f}",
            number(result.peak_mb),
            f"{result.largest_difference:.1e}",
            f"{result.weights_apart:.1e}",
            "never" if result.parts_at is None else number(result.parts_at),
        )
    print_table(table)
    first = next(iter(outcomes))
    print(f"apart: the largest relative difference from {first} of any step's loss, and of any")
    print("weight in the end (relative to the largest in its array); runs part at the step whose")
    print(f"loss differs by more than {TOLERANCES[recipe.dtype]:.0e}; {out / 'curves.svg'}: curves")
    if recipe.dtype != "float64" and any(each.parts_at for each in outcomes.values()):
        print(f"rounding errors of {recipe.dtype} grow from step to step, so the curves part;")
        print("with --dtype float64 they stay together")
