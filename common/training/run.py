"""A training run: the steps that are left, and the folder where all that comes of them is kept."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.data.loader import Batch, Loader
from common.errors import CheckFailed
from common.files import weights
from common.plan import Plan
from common.training.checkpoints import not_finite, write_state
from common.training.dropout import dropout_key
from common.training.evaluation import Scores
from common.training.recipe import Recipe
from common.training.schedules import count_steps, learning_rate
from common.training.state import result_of

SAVE_SECONDS = 300.0


@dataclass(frozen=True)
class Step:
    """One step: its number and epoch, both from 1, its learning rate, and its batch.

    Of several processes each has its share of the batch; `first` is the number of the share's
    first image in the whole.
    """

    number: int
    epoch: int
    rate: float
    seed: int
    x: NDArray
    labels: NDArray[np.int64]
    first: int
    ends_epoch: bool

    def dropout_key(self, path: str) -> int:
        """The key of the dropout layer at `path` in this step."""
        return dropout_key(self.seed, self.number, path)


@dataclass
class TrainingRun:
    """What a framework's training loop asks and tells; `step` is how many steps are done.

    Of several processes, each with its `rank`, the first keeps the records. A `plain` run does
    without what makes it faster.
    """

    folder: Path
    recipe: Recipe
    plan: Plan
    train: Loader
    test: Loader
    state: Arrays
    step: int
    best: float
    rank: int = 0
    ranks: int = 1
    plain: bool = False
    interrupted: Event = field(default_factory=Event)
    stopping: bool = False
    improved: bool = False
    done: int = 0  # steps of this epoch since it began here, and when it did
    began: float = 0.0
    logged: float = 0.0
    saved: float = field(default_factory=time.perf_counter)

    @property
    def asked_to_stop(self) -> float:
        """1 where this process was asked to stop; all stop after the step in which one was."""
        return float(self.interrupted.is_set())

    @property
    def last_step(self) -> int:
        """The number of the last step."""
        return count_steps(self.recipe, self.train.steps)

    def steps(self) -> Iterator[Step]:
        """The steps that are left, until the last or until somebody asks to stop."""
        while self.step < self.last_step and not self.stopping:
            epoch, first = divmod(self.step, self.train.steps)
            self.done, self.began = 0, time.perf_counter()
            for batch in self.train.epoch(epoch, first, self.rank, self.ranks):
                yield self.make_step(batch)
                self.step += 1
                if self.step == self.last_step or self.stopping:
                    break

    def make_step(self, batch: Batch) -> Step:
        """The next step, with this batch."""
        number = self.step + 1
        return Step(
            number=number,
            epoch=self.step // self.train.steps + 1,
            rate=learning_rate(self.recipe, self.step, self.train.steps),
            seed=self.recipe.seed,
            x=batch.x.astype(self.recipe.array_dtype),
            labels=batch.labels,
            first=self.rank * len(batch.labels),
            ends_epoch=number % self.train.steps == 0 or number == self.last_step,
        )

    def log(self, step: Step, loss: float, stop: float) -> None:
        """Records the loss of a step; raises CheckFailed if it is no number.

        `stop` is above 0 if any of the processes was asked to.
        """
        self.stopping = stop > 0
        if not np.isfinite(loss):
            raise self.diverged(f"the loss of step {step.number} is {loss}")
        self.done, self.logged = self.done + 1, time.perf_counter()
        self.write_line({"step": step.number, "epoch": step.epoch, "loss": loss, "lr": step.rate})

    def diverged(self, how: str) -> CheckFailed:
        """The error of a training that cannot go on."""
        return CheckFailed(
            f"{self.folder}: {how}; the last good checkpoint is kept; try a lower --lr, or --clip 1"
        )

    def test_batches(self) -> Iterable[Batch]:
        """All images of the test split, in order."""
        for batch in self.test.in_order():
            yield Batch(batch.x.astype(self.recipe.array_dtype), batch.labels)

    def score(self, step: Step, scores: Scores) -> None:
        """Records how good the network is after an epoch; raises CheckFailed if it is no number."""
        if not np.isfinite(scores.loss):
            raise self.diverged(f"the test loss after step {step.number} is {scores.loss}")
        per_second = self.done * self.recipe.batch / (self.logged - self.began)
        line = {"epoch": step.epoch, "steps": step.number, "split": "test"}
        line |= {"top1": scores.top1, "top5": scores.top5}
        self.write_line(line | {"loss": scores.loss, "images_per_second": round(per_second, 2)})
        self.improved = scores.top1 > self.best
        self.best = max(scores.top1, self.best)

    def must_save(self, step: Step) -> bool:
        """Whether a checkpoint is due: after an epoch, before a stop, every few minutes."""
        late = time.perf_counter() - self.saved > SAVE_SECONDS
        return self.rank == 0 and (step.ends_epoch or self.stopping or late)

    def save(self, step: Step, state: Arrays) -> None:
        """Keeps the state after a step, and the weights that it means.

        Raises CheckFailed for one that training cannot go on from.
        """
        if name := not_finite(state):
            raise self.diverged(f"{name} holds NaN or infinity after step {step.number}")
        checkpoints = self.folder / "checkpoints"
        write_state(checkpoints, step.number, state, {"best": self.best})
        result = result_of(state)
        weights.write(checkpoints / "last.safetensors", result, self.plan)
        if self.improved:
            weights.write(checkpoints / "best.safetensors", result, self.plan)
        self.improved, self.saved = False, time.perf_counter()

    def restore_weights(self) -> None:
        """Writes the weights of the state that the run goes on from, where they are missing."""
        last = self.folder / "checkpoints" / "last.safetensors"
        if self.rank == 0 and self.step and not last.exists():
            weights.write(last, result_of(self.state), self.plan)

    def write_line(self, line: dict) -> None:
        """Adds a line to the metrics."""
        if self.rank == 0:
            with open(self.folder / "metrics.jsonl", "a") as file:
                file.write(f"{json.dumps(line)}\n")
