"""The jobs of training, done in a worker: a run goes on, weights are scored."""

import signal
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.data.loader import Loader
from common.data.sources import open_data
from common.errors import DataError
from common.files import weights
from common.jobs.frameworks import import_runner, import_training
from common.jobs.job import Evaluate, Report, Train
from common.networks import network
from common.planner import make_plan
from common.rewrite import without_dropout
from common.training.evaluation import evaluate
from common.training.folder import open_run, write_environment
from common.training.state import split_slots

BATCH = 32


def train(job: Train) -> Report:
    """Trains until the run's last step, or until SIGINT asks to stop after the one in hand."""
    run, _ = open_run(Path(job.folder))
    signal.signal(signal.SIGINT, lambda *_: run.stopping.set())
    began = time.perf_counter()
    runner = import_runner(job.framework)
    imported = time.perf_counter()
    write_environment(run.folder, job.framework, runner.VERSION)
    plan = run.plan if run.recipe.dropout else make_plan(without_dropout(run.plan.network))
    arrays = split_slots(run.state)["weights"]
    net = runner.load_network(plan, arrays, run.recipe.dtype)
    import_training(job.framework).train(net, run)
    ended = time.perf_counter()
    figures = imported - began, ended - imported
    steps = {"step": np.array(run.step), "last_step": np.array(run.last_step)}
    return Report(steps, runner.VERSION, runner.count_parameters(net), *figures)


def score(job: Evaluate) -> Report:
    """Scores weights on the test split of a data set, at the size they were made for."""
    data = open_data(job.data, job.val_split)
    arrays, about = weights.read(Path(job.weights))
    made = network(job.network)
    classes = weights.count_classes(job.weights, arrays, made)
    if classes != len(data.classes):
        raise DataError(
            f"{job.weights}: weights for {classes} classes, and {job.data} has {len(data.classes)}"
        )
    plan = make_plan(network(job.network, tuple(about.get("input", made.input)), classes))
    arrays = weights.fit(job.weights, arrays, about, plan)
    began = time.perf_counter()
    runner = import_runner(job.framework)
    imported = time.perf_counter()
    net = runner.load_network(plan, arrays, job.dtype)

    def predict(x: NDArray) -> NDArray:
        return runner.run(net, x, [])["logits"]

    found = evaluate(predict, Loader(data.test, plan.network.input, BATCH).in_order())
    ended = time.perf_counter()
    scores = {name: np.array(value) for name, value in vars(found).items()}
    figures = imported - began, ended - imported
    return Report(scores, runner.VERSION, runner.count_parameters(net), *figures)
