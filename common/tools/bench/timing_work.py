"""The worker's side of a benchmark: one contestant computes in turns, or layer by layer."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.files import weights
from common.jobs.contract import FastRunner, Runner
from common.jobs.frameworks import import_runner
from common.jobs.job import Report
from common.jobs.network_work import output_function
from common.jobs.turns import Turns
from common.networks import network
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.tools.bench.baseline import TrainingBaseline, import_baseline
from common.tools.bench.contestants import OURS
from common.tools.bench.timer import Timer, call_seconds
from common.tools.bench.timing_jobs import TakeTurns, TimeLayers
from common.tools.bench.workload import SHOWN, labels_of, noise, plan_of
from common.tools.train.trainer import import_distributed, import_training
from common.training.recipe import Nesterov, Recipe
from common.training.state import join_slots
from common.training.training_run import Step, TrainingRun

ROUNDS = 7  # how often each layer is timed
# The learning rate is so small that no network overflows.
OPTIMIZER = Nesterov(lr=1e-4)


def take_turns(job: TakeTurns, turns: Turns) -> Report:
    """Shows this contestant's first results, then computes in turns.

    The report's array `seconds` has the median duration of a call in each turn; its field `seconds`
    is the time from the import to the first result.
    """
    began, timer = time.perf_counter(), Timer(turns)
    runner = import_runner(job.framework)
    runner.choose_device(job.device)
    imported = time.perf_counter()
    plan = plan_of(job.network, job.task, job.size)
    x = noise(plan, job.batch)
    if job.task == "infer":
        time_inference(find_classifier(job, runner, plan), x, timer)
    elif job.mode in OURS:
        time_training(job, runner, plan, x, timer)
    else:
        time_baseline_training(job, plan, x, timer)
    return Report(
        arrays={"seconds": np.array(timer.seconds)},
        version=runner.VERSION,
        parameters=0,
        import_seconds=imported - began,
        seconds=timer.shown_at - imported,
    )


def find_classifier(job: TakeTurns, runner: Runner, plan: Plan) -> Callable[[NDArray], NDArray]:
    """The function that is timed in inference, from batches to results."""
    if job.mode not in OURS:
        return import_baseline(job.framework, job.mode)(plan, job.weights).classify
    arrays = weights.load(Path(job.weights), plan)
    net = runner.load_network(plan, arrays, job.dtype)
    return output_function(runner, net, job.plain, plan.spec.output)


def time_inference(classify: Callable[[NDArray], NDArray], x: NDArray, timer: Timer) -> None:
    """Times the inference of a batch."""
    classify(x)  # PyTorch compiles the network for the second batch of a shape
    timer.show({"output": classify(x)[:SHOWN]})
    for _ in timer.calls():
        classify(x)


def time_baseline_training(job: TakeTurns, plan: Plan, x: NDArray, timer: Timer) -> None:
    """Times the training steps of a baseline."""
    baseline = cast(TrainingBaseline, import_baseline(job.framework, job.mode)(plan, job.weights))
    labels = labels_of(x, plan.spec.classes)
    timer.show({"loss": np.array(baseline.take_step(x[:SHOWN], labels[:SHOWN]))})
    for _ in timer.calls():
        baseline.take_step(x, labels)


def time_training(job: TakeTurns, runner: Runner, plan: Plan, x: NDArray, timer: Timer) -> None:
    """Times the steps of this project's training loop in a framework."""
    spec = plan.spec
    recipe = Recipe(
        network=spec.name,
        data="noise",
        channels=spec.input[0],
        image_size=job.size,
        classes=spec.classes,
        batch=job.batch,
        optimizer=OPTIMIZER,
        aux=spec.aux,
        dropout=False,
    )
    group = import_distributed(job.framework).join(1)
    arrays = weights.load(Path(job.weights), plan)
    net = runner.load_network(plan, arrays, job.dtype)
    run = TimedRun(recipe, x, timer, job.plain, join_slots({"weights": arrays}))
    del arrays  # as in a training run
    import_training(job.framework).train(net, cast(TrainingRun, run), group)


@dataclass
class TimedRun:
    """Takes the place of `TrainingRun` in a framework's training loop; nothing is saved."""

    recipe: Recipe
    x: NDArray
    timer: Timer
    plain: bool
    state: Arrays
    step: int = 0
    asked_to_stop: float = 0.0

    def take_state(self) -> Arrays:
        """Returns the state that the run starts from, and forgets it, to save memory."""
        state, self.state = self.state, {}
        return state

    def steps(self) -> Iterator[Step]:
        """Yields a step on a few images, whose loss is shown, then the timed steps."""
        yield self.make_step(self.x[:SHOWN])
        for _ in self.timer.calls():
            yield self.make_step(self.x)

    def make_step(self, x: NDArray) -> Step:
        """The next step."""
        self.step += 1
        rate, labels = self.recipe.optimizer.lr, labels_of(x, self.recipe.classes)
        return Step(
            number=self.step,
            epoch=1,
            rate=rate,
            seed=0,
            x=x,
            labels=labels,
            first=0,
            ends_epoch=False,
        )

    def log(self, step: Step, loss: float, *_: float) -> None:
        """Shows the first step's loss."""
        if step.number == 1:
            self.timer.show({"loss": np.array(loss)})

    def must_save(self, _: Step) -> bool:
        """Returns False, because nothing is saved."""
        return False


def time_layers(job: TimeLayers) -> Report:
    """Times each layer of the plan, then the whole, with the framework's fastest inference."""
    began = time.perf_counter()
    runner = cast(FastRunner, import_runner(job.framework))
    runner.choose_device("cpu")
    imported = time.perf_counter()
    plan = make_plan(network(job.network))
    arrays = weights.load(Path(job.weights), plan)
    times = {
        each.spec.name: time_layer(runner, each, arrays, job.batch) for each in plan.layer_plans()
    }
    times["all"] = time_layer(runner, plan, arrays, job.batch)
    ended = time.perf_counter()
    return Report(
        arrays=times,
        version=runner.VERSION,
        parameters=0,
        import_seconds=imported - began,
        seconds=ended - imported,
    )


def time_layer(
    runner: FastRunner, plan: Plan, arrays: Mapping[str, NDArray], batch: int
) -> NDArray[np.float64]:
    """The median duration of a call that takes and returns the framework's tensors, in seconds."""
    own = {name: arrays[name] for name in plan.array_shapes()}
    net = runner.load_network(plan, own, "float32")
    # Channels last in memory, as the preceding layer leaves them.
    x = np.ascontiguousarray(noise(plan, batch).transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    quick, given = runner.fast(net), runner.tensor(net, x)
    return np.array(median(call_seconds(lambda: quick(given)) for _ in range(ROUNDS)))
