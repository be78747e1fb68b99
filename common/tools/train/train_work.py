"""The worker's side of training: starts or continues a run from its current state."""

import signal
import time
from pathlib import Path

import numpy as np

from common.jobs.frameworks import import_runner
from common.jobs.job import Report
from common.spec.planner import make_plan
from common.spec.rewrite import without_dropout
from common.tools.train.launch import rank_of
from common.tools.train.train_jobs import Train
from common.tools.train.trainer import import_distributed, import_training
from common.training.folder import open_run, write_environment
from common.training.state import split_slots
from common.training.training_run import write_missing_weights


def train(job: Train) -> Report:
    """Trains until the run's last step, or on SIGINT until the end of the current step."""
    rank, ranks = rank_of(job.framework)
    run, _ = open_run(Path(job.folder), rank, ranks)
    run.plain = job.plain
    signal.signal(signal.SIGINT, lambda *_: run.interrupted.set())
    write_missing_weights(run)
    began = time.perf_counter()
    runner = import_runner(job.framework)
    runner.choose_device(job.device)
    imported = time.perf_counter()
    group = import_distributed(job.framework).join(ranks)
    if not rank:
        write_environment(run.folder, job.framework, runner.VERSION, ranks)
    plan = run.plan if run.recipe.dropout else make_plan(without_dropout(run.plan.spec))
    net = runner.load_network(plan, split_slots(run.state)["weights"], run.recipe.dtype)
    import_training(job.framework).train(net, run, group)
    ended = time.perf_counter()
    return Report(
        arrays={"step": np.array(run.step), "last_step": np.array(run.last_step)},
        version=runner.VERSION,
        parameters=runner.count_parameters(net),
        import_seconds=imported - began,
        seconds=ended - imported,
    )
