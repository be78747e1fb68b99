"""A training run: the remaining steps, and the folder in which their results are kept."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.data.loader import Batch, Loader
from common.errors import CheckFailed
from common.files import weights
from common.spec.plan import Plan
from common.training.checkpoints import not_finite, write_state
from common.training.dropout import dropout_key
from common.training.evaluation import Scores
from common.training.recipe import Recipe
from common.training.schedules import count_steps, learning_rate
from common.training.state import result_of

SAVE_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: its number and epoch, both counted from 1, its learning rate, and its batch.

    With several processes, `x` and `labels` are this process's part of the batch, and `first` is
    the index of its first image in the whole batch.
    """

    number: int
    epoch: int
    rate: float
    seed: int
    x: NDArray
    labels: NDArray[np.int64]
    first: int
    ends_epoch: bool
    image_weights: NDArray | None = None  # of the images' losses; None if all are 1

    def dropout_key(self, path: str) -> int:
        """The key of the dropout layer at `path` in this step."""
        return dropout_key(self.seed, self.number, path)


@dataclass(kw_only=True)
class TrainingRun:
    """A run as a framework's training loop uses it; `step` is the number of steps done.

    `scored` has the images of the split `split`, which are scored after each epoch. With several
    processes, only the first, of `rank` 0, writes to the folder. `plain` disables optimisations.
    """

    folder: Path
    recipe: Recipe
    plan: Plan
    train: Loader
    scored: Loader
    state: Arrays
    step: int
    best: float
    rank: int = 0
    ranks: int = 1
    plain: bool = False
    interrupted: Event = field(default_factory=Event)
    about: Mapping[str, Any] = field(default_factory=dict)  # the metadata of its weights
    split: str = "test"  # the name of the split in `scored`
    class_weights: NDArray | None = None
    stopping: bool = False
    improved: bool = False
    done: int = 0  # steps since this process began the epoch, at `began`
    began: float = 0.0
    logged: float = 0.0
    saved: float = field(default_factory=time.perf_counter)

    @property
    def asked_to_stop(self) -> float:
        """1 if this process was asked to stop, else 0; all stop if the mean is above 0."""
        return float(self.interrupted.is_set())

    @property
    def last_step(self) -> int:
        """The number of the last step."""
        return count_steps(self.recipe, self.train.steps)

    def steps(self) -> Iterator[Step]:
        """Yields the remaining steps, until the last one or until a process is asked to stop."""
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
        number, own = self.step + 1, self.class_weights
        return Step(
            number=number,
            epoch=self.step // self.train.steps + 1,
            rate=learning_rate(self.recipe, self.step, self.train.steps),
            seed=self.recipe.seed,
            x=batch.x.astype(self.recipe.array_dtype),
            labels=batch.labels,
            first=self.rank * len(batch.labels),
            ends_epoch=number % self.train.steps == 0 or number == self.last_step,
            image_weights=None if own is None else own[batch.labels],
        )

    def take_state(self) -> Arrays:
        """Returns the state that the run starts from, and forgets it, to save memory."""
        state, self.state = self.state, {}
        return state

    def log(self, step: Step, loss: float, top1: float, stop: float) -> None:
        """Records a step from means over all processes; CheckFailed if the loss is not finite."""
        self.stopping = stop > 0
        if not np.isfinite(loss):
            raise diverged(self.folder, f"the loss of step {step.number} is {loss}")
        self.done, self.logged = self.done + 1, time.perf_counter()
        numbers = {"loss": loss, "lr": step.rate, "top1": top1}
        self.write_line({"step": step.number, "epoch": step.epoch} | numbers)

    def scored_batches(self) -> Iterable[Batch]:
        """Batches of all images that are scored after an epoch, in order."""
        for batch in self.scored.in_order():
            yield Batch(batch.x.astype(self.recipe.array_dtype), batch.labels)

    def score(self, step: Step, scores: Scores) -> None:
        """Records the scores after an epoch; raises CheckFailed if the loss is not finite."""
        if not np.isfinite(scores.loss):
            how = f"the {self.split} loss after step {step.number} is {scores.loss}"
            raise diverged(self.folder, how)
        per_second = self.done * self.recipe.batch / (self.logged - self.began)
        line = {"epoch": step.epoch, "steps": step.number, "split": self.split}
        line |= {"top1": scores.top1, "top5": scores.top5}
        self.write_line(line | {"loss": scores.loss, "images_per_second": round(per_second, 2)})
        self.improved = scores.top1 > self.best
        self.best = max(scores.top1, self.best)

    def must_save(self, step: Step) -> bool:
        """Whether to save: after an epoch, before a stop, or `SAVE_SECONDS` after the last time."""
        late = time.perf_counter() - self.saved > SAVE_SECONDS
        return self.rank == 0 and (step.ends_epoch or self.stopping or late)

    def save(self, step: Step, state: Arrays) -> None:
        """Writes the state after a step, and its weights as `last` and, if improved, as `best`.

        Raises CheckFailed if the state contains NaN or infinity.
        """
        if name := not_finite(state):
            raise diverged(self.folder, f"{name} contains NaN or infinity after step {step.number}")
        checkpoints = self.folder / "checkpoints"
        write_state(checkpoints, step.number, state, {"best": self.best})
        for name in ("last", "best") if self.improved else ("last",):
            path = checkpoints / f"{name}.safetensors"
            weights.write(path, result_of(state), self.plan, self.about)
        self.improved, self.saved = False, time.perf_counter()

    def write_line(self, line: dict) -> None:
        """Appends a line to the metrics; only the first process does."""
        if self.rank == 0:
            with open(self.folder / "metrics.jsonl", "a") as file:
                file.write(f"{json.dumps(line)}\n")


def diverged(folder: Path, how: str) -> CheckFailed:
    """The error for a training run that has diverged."""
    last = folder / "checkpoints" / "last.safetensors"
    kept = f"with --weights {last} (the last good checkpoint), " if last.is_file() else "with "
    return CheckFailed(f"{folder}: {how}; start a new run {kept}a lower --lr or --clip 1")


def write_missing_weights(run: TrainingRun) -> None:
    """Writes `last.safetensors` if it is missing, from the state that the run resumes from."""
    last = run.folder / "checkpoints" / "last.safetensors"
    if run.rank == 0 and run.step and not last.exists():
        weights.write(last, result_of(run.state), run.plan, run.about)
