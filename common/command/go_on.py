"""A run begun or found, and trained in workers, with its progress shown and its curves drawn."""

import sys
import time
from dataclasses import asdict
from pathlib import Path

from common.command.curves import draw_curves
from common.command.printable import print_line
from common.command.progress import follow
from common.command.training_options import How
from common.errors import DataError, Interrupted, MissingFramework, UsageError
from common.files import weights as weights_files
from common.jobs.job import Train
from common.jobs.launch import local_environments, place
from common.jobs.worker import call
from common.training.folder import begin, forget, open_run, plan_of
from common.training.lock import locked
from common.training.metrics import read_metrics
from common.training.recipe import Recipe
from common.training.record import open_for_training, read_recipe
from common.zoo.convert import start_from

GRACE_SECONDS = 120.0
PATIENCE_SECONDS = 60.0


def start(out: Path, recipe: Recipe, how: How, resume: bool) -> None:
    """Begins a run, or finds it, and trains it.

    Of processes that a framework's launcher started the first begins it for the others.
    """
    rank, ranks = place(how.framework)
    if ranks > 1 and how.processes > 1:
        raise UsageError("--processes is for one machine; here a launcher has started several")
    if rank and not resume:
        await_run(out)
    if rank or resume:
        check_same(out, recipe)
    else:
        check_new(out)
    if rank:
        job = Train(how.framework, str(out), how.device, how.plain)
        call(job, float("inf"), grace=GRACE_SECONDS)
        return
    with locked(out) as lock:
        if resume:
            go_on(out, how, lock)
        else:
            begin_and_go_on(out, recipe, how, lock)


def begin_and_go_on(out: Path, recipe: Recipe, how: How, lock: int) -> None:
    """Trains a new run; if not even a step can be taken, the corrected command begins anew."""
    check_new(out)  # nor has another process begun it just now
    for line in begin(out, recipe, starting_weights(recipe)):
        print_line(f"googlenet: skipped: {line}", sys.stderr)
    try:
        go_on(out, how, lock)
    except (UsageError, MissingFramework):
        forget(out)
        raise


def check_new(out: Path) -> None:
    """Raises UsageError where there is a run already."""
    if (out / "recipe.toml").exists():
        raise UsageError(f"{out}: there is a run already; go on with --resume, or give another")


def await_run(out: Path) -> None:
    """Waits until another process has begun the run; raises DataError if none does."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (out / "recipe.toml").is_file():
        if time.monotonic() > end:
            raise DataError(f"{out}: the first process began no run here; share the folder")
        time.sleep(0.2)


def check_same(out: Path, recipe: Recipe) -> None:
    """Raises UsageError unless the run is of this recipe."""
    own, asked = asdict(read_recipe(out)), asdict(recipe)
    odd = [name for name in asked if own[name] != asked[name]]
    if odd == ["classes"]:  # perhaps since the data has others now: this says which
        open_for_training(out, read_recipe(out))
    if odd:
        raise UsageError(
            f"{out}: a run with {odd[0]} = {own[odd[0]]!r}, and asked for is {asked[odd[0]]!r}; "
            "resume with the options it was begun with"
        )


def starting_weights(recipe: Recipe) -> dict:
    """The arrays that training starts from, if weights were given."""
    if not recipe.weights:
        return {}
    path, plan = Path(recipe.weights), plan_of(recipe)
    if path.suffix == ".safetensors":
        arrays, about = weights_files.read(path)
        if weights_files.count_classes(str(path), arrays, plan.network) == recipe.classes:
            return weights_files.fit(str(path), arrays, about, plan)
    trunk, line = start_from(path, plan)
    print_line(line, sys.stderr)
    return trunk


def go_on(out: Path, how: How, lock: int) -> None:
    """Trains the run and shows how it goes; its workers hold the lock, too."""
    run, lines = open_run(out, 0, how.processes)
    for line in lines:
        print_line(f"googlenet: {line}", sys.stderr)
    job = Train(how.framework, str(out), how.device, how.plain, [lock])
    environments = local_environments(how.framework, how.processes)
    try:
        with follow(run, how.tensorboard) as watch:
            report = call(job, float("inf"), watch, GRACE_SECONDS, environments)
    except Interrupted:
        print_line(f"{out}: stopped; the same command with --resume goes on", sys.stderr)
        raise
    draw_curves(out / "curves.svg", {how.framework: read_metrics(out / "metrics.jsonl")})
    print_line(f"{out}: {int(report.arrays['step'])} steps done; weights in {out}/checkpoints")
