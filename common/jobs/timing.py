"""The job of being timed, done in a worker: one side of a benchmark computes in turns."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.files import weights
from common.jobs.compute import make_classifier
from common.jobs.contract import Runner, TrainingPeer
from common.jobs.frameworks import (
    import_peer,
    import_processes,
    import_runner,
    import_training,
)
from common.jobs.job import Report, Time
from common.jobs.turns import Turns
from common.networks import network
from common.plan import Plan
from common.planner import make_plan
from common.rewrite import without_dropout
from common.training.recipe import Nesterov, Recipe
from common.training.run import Step, TrainingRun
from common.training.state import join_slots

OURS = ("plain", "tuned")
# How many images are computed first, to be compared with what the judge makes of them.
SHOWN = 2
# Small enough that nothing overflows, whatever the network.
OPTIMIZER = Nesterov(lr=1e-4)


def take_turns(job: Time, turns: Turns) -> Report:
    """Shows what this side computes, then computes it in turns; `seconds` of a call, by turn.

    The report's own seconds are those from the import to the first result.
    """
    began = time.perf_counter()
    runner = import_runner(job.framework)
    runner.choose_device(job.device)
    imported = time.perf_counter()
    plan = plan_of(job.network, job.task, job.size)
    x = noise(plan, job.batch)
    if job.task == "infer":
        time_inference(find_classifier(job, runner, plan), x, turns)
    elif job.mode in OURS:
        time_training(job, runner, plan, x, turns)
    else:
        time_peers_training(job, plan, x, turns)
    figures = imported - began, turns.shown_at - imported
    return Report({"seconds": np.array(turns.seconds)}, runner.VERSION, 0, *figures)


def plan_of(name: str, task: str, size: int) -> Plan:
    """What is timed: in training with the heads that there are, and nothing dropped."""
    made = network(name)
    trains = task == "train"
    made = network(name, (made.input[0], size, size), aux=trains and bool(made.heads))
    return make_plan(without_dropout(made) if trains else made)


def noise(plan: Plan, batch: int) -> NDArray[np.float32]:
    """Images for the network, the same for every side."""
    shape = batch, *plan.network.input
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def labels_of(x: NDArray, classes: int) -> NDArray[np.int64]:
    """A label for each image."""
    return np.arange(len(x), dtype=np.int64) % classes


def find_classifier(job: Time, runner: Runner, plan: Plan) -> Callable[[NDArray], NDArray]:
    """What is timed in inference: batches in, results out."""
    if job.mode not in OURS:
        return import_peer(job.framework, job.mode)(plan, job.weights).classify
    arrays = weights.load(Path(job.weights), plan)
    net = runner.load_network(plan, arrays, job.precision)
    return make_classifier(runner, net, job.plain, plan.network.output)


def time_inference(classify: Callable[[NDArray], NDArray], x: NDArray, turns: Turns) -> None:
    """Times a batch's way to its results."""
    turns.show({"output": classify(x)[:SHOWN]})
    for _ in turns.calls():
        classify(x)


def time_peers_training(job: Time, plan: Plan, x: NDArray, turns: Turns) -> None:
    """Times a peer's step of training."""
    peer = cast(TrainingPeer, import_peer(job.framework, job.mode)(plan, job.weights))
    labels = labels_of(x, plan.network.classes)
    turns.show({"loss": np.array(peer.take_step(x[:SHOWN], labels[:SHOWN]))})
    for _ in turns.calls():
        peer.take_step(x, labels)


def time_training(job: Time, runner: Runner, plan: Plan, x: NDArray, turns: Turns) -> None:
    """Times the steps of a framework's own training loop."""
    made = plan.network
    recipe = Recipe(
        network=made.name,
        data="noise",
        channels=made.input[0],
        image_size=job.size,
        classes=made.classes,
        batch=job.batch,
        optimizer=OPTIMIZER,
        aux=made.aux,
        dropout=False,
    )
    group = import_processes(job.framework).join(1)
    arrays = weights.load(Path(job.weights), plan)
    net = runner.load_network(plan, arrays, job.precision)
    run = TimedRun(recipe, x, turns, job.plain, join_slots({"weights": arrays}))
    import_training(job.framework).train(net, cast(TrainingRun, run), group)


@dataclass
class TimedRun:
    """A training run as far as a framework's loop can tell, of which nothing is kept."""

    recipe: Recipe
    x: NDArray
    turns: Turns
    plain: bool
    state: Arrays
    step: int = 0
    asked_to_stop: float = 0.0

    def steps(self) -> Iterator[Step]:
        """A step to be shown, on few images, then those that are timed."""
        yield self.make_step(self.x[:SHOWN])
        for _ in self.turns.calls():
            yield self.make_step(self.x)

    def make_step(self, x: NDArray) -> Step:
        """The next step."""
        self.step += 1
        rate, labels = self.recipe.optimizer.lr, labels_of(x, self.recipe.classes)
        return Step(self.step, 1, rate, 0, x, labels, first=0, ends_epoch=False)

    def log(self, step: Step, loss: float, _: float) -> None:
        """Shows the first step's loss."""
        if step.number == 1:
            self.turns.show({"loss": np.array(loss)})

    def must_save(self, _: Step) -> bool:
        """Nothing is saved."""
        return False
