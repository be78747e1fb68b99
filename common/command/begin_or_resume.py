"""Starts or resumes a training run in workers, shows its progress and draws its curves."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from common.command.curves import draw_curves
from common.command.printable import print_line
from common.command.progress import follow
from common.command.training_options import How
from common.data.sources import open_data
from common.errors import DataError, Interrupted, MissingFramework, UsageError
from common.files import weights as weights_files
from common.jobs.call import call
from common.tools.train.launch import local_environments, rank_of
from common.tools.train.train_jobs import Train
from common.tools.zoo.convert import fit_channels, start_from
from common.training.folder import begin, class_names, forget, open_run, plan_of
from common.training.lock import locked
from common.training.metrics import read_metrics
from common.training.recipe import Recipe
from common.training.record import best_weights, is_run, read_recipe
from common.training.resumed_recipe import extend

GRACE_SECONDS = 120.0  # for an interrupted worker to finish its step and save
PATIENCE_SECONDS = 60.0  # for the first of several processes to begin the run


def start(out: Path, recipe: Recipe, how: How, resume: bool) -> None:
    """Starts or resumes a run, and trains it.

    If a launcher has started several processes, the first one begins the run for all.
    """
    rank, ranks = rank_of(how.framework)
    if ranks > 1 and how.processes > 1:
        raise UsageError(
            "--processes cannot be used under a launcher that has already started several processes"
        )
    if rank:
        await_run(out, recipe)
        job = Train(framework=how.framework, folder=str(out), device=how.device, plain=how.plain)
        call(job, float("inf"), grace=GRACE_SECONDS)
        return
    if not resume:
        check_new(out)
    with locked(out) as lock:
        if resume:
            resume_run(out, recipe, how, lock)
        else:
            begin_and_train(out, recipe, how, lock)


def begin_and_train(out: Path, recipe: Recipe, how: How, lock: int) -> None:
    """Trains a new run; removes it if it cannot start, so that the command can be corrected."""
    check_new(out)  # another process may just have begun it
    for line in begin(out, recipe, starting_weights(recipe)):
        print_line(f"googlenet: skipped: {line}", sys.stderr)
    if recipe.freeze and not recipe.weights:
        warning = "no --weights: the frozen layers keep their random initial values"
        print_line(f"googlenet: {warning}", sys.stderr)
    try:
        resume_run(out, recipe, how, lock)
    except (UsageError, MissingFramework):
        forget(out)
        raise
    except DataError:
        if not read_metrics(out / "metrics.jsonl"):  # before the first step
            forget(out)
        raise


def check_new(out: Path) -> None:
    """Raises UsageError if the folder already contains a run."""
    if (out / "recipe.toml").exists():
        raise UsageError(f"{out}: a run already exists; use --resume, or choose another --out")


def await_run(out: Path, recipe: Recipe) -> None:
    """Waits until the first process has begun or extended the run; raises DataError if not."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not ((out / "recipe.toml").is_file() and read_recipe(out) == recipe):
        if time.monotonic() > end:
            raise DataError(f"{out}: the first process did not start a run with these options here")
        time.sleep(0.2)


def starting_weights(recipe: Recipe) -> dict:
    """The arrays that training starts from, all or the backbone's; empty if none were given."""
    if not recipe.weights:
        return {}
    path, plan = Path(recipe.weights), plan_of(recipe)
    if is_run(path):
        path = best_weights(path)
    if path.suffix == ".safetensors":
        arrays, about = weights_files.read(path)
        count = weights_files.count_classes(str(path), arrays, plan.spec)
        if count == recipe.classes and have_same_classes(about, recipe):
            arrays, notes = fit_channels(arrays, plan)
            for note in notes:
                print_line(f"googlenet: {note}", sys.stderr)
            return weights_files.fit_arrays(str(path), arrays, about, plan)
    backbone, line = start_from(path, plan)
    print_line(line, sys.stderr)
    return backbone


def have_same_classes(about: Mapping, recipe: Recipe) -> bool:
    """Whether weights have the classes of the recipe's data, or do not name theirs."""
    names = tuple(about.get("class_names", ()))
    return not names or names == class_names(open_data(recipe.data, recipe.val_split), recipe)


def resume_run(out: Path, recipe: Recipe, how: How, lock: int) -> None:
    """Trains the run and shows its progress; its workers hold the lock as well."""
    run, lines = open_run(out, 0, how.processes)
    if line := extend(out, recipe):  # only a run that can be opened is made longer
        run, lines = open_run(out, 0, how.processes)[0], [*lines, line]
    for line in lines:
        print_line(f"googlenet: {line}", sys.stderr)
    job = Train(
        framework=how.framework,
        folder=str(out),
        device=how.device,
        plain=how.plain,
        held=[lock],
    )
    environments = local_environments(how.framework, how.processes)
    try:
        with follow(run, how.tensorboard) as watch:
            report = call(job, float("inf"), watch, GRACE_SECONDS, environments)
    except Interrupted:
        print_line(f"{out}: stopped; run the same command with --resume to continue", sys.stderr)
        raise
    draw_curves(out / "curves.svg", {how.framework: read_metrics(out / "metrics.jsonl")})
    print_line(f"{out}: {int(report.arrays['step'])} steps done; weights in {out}/checkpoints")
