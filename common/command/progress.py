"""Shows progress on standard error: a spinner on a terminal, plain lines elsewhere."""

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import SEEK_END
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress
from rich.text import Text

from common.command.printable import print_line, printable
from common.errors import MissingFramework
from common.training.training_run import TrainingRun

# In a pipe, the first step is shown after FIRST_SECONDS, then one every EVERY_SECONDS.
FIRST_SECONDS, EVERY_SECONDS = 30.0, 60.0


@contextmanager
def progress() -> Iterator[Callable[[str, str], None]]:
    """Yields a function that reports who is working, and on what."""
    if not sys.stderr.isatty():
        yield lambda who, what: print_line(f"{who}: {what}", sys.stderr)
        return
    with Console(stderr=True).status("") as status:
        yield lambda who, what: status.update(Text.assemble((printable(who), "bold"), f" {what}"))


@contextmanager
def follow(run: TrainingRun, tensorboard: bool = False) -> Iterator[Callable[[], None]]:
    """Yields a function that shows the metrics added to a run since the function's last call.

    It shows a bar per epoch on a terminal and a line per epoch elsewhere; with `tensorboard`, it
    also writes event files.
    """
    path = run.folder / "metrics.jsonl"
    path.touch()
    with open(path) as file, event_files(run.folder, tensorboard) as keep, epoch_bar(run) as show:
        file.seek(0, SEEK_END)

        def show_new() -> None:
            while (line := file.readline()).endswith("\n"):
                entry = json.loads(line)
                keep(entry)
                show(entry)
            file.seek(file.tell() - len(line))  # an incomplete line is read again

        yield show_new
        show_new()


@contextmanager
def epoch_bar(run: TrainingRun) -> Iterator[Callable[[dict], None]]:
    """Yields a function that shows one line of the metrics.

    A terminal gets a bar for the whole run; elsewhere a line is printed for each epoch, and for a
    step once in a while, first after half a minute.
    """
    pace = Pace(run)
    if not sys.stderr.isatty():

        def print_it(entry: dict) -> None:
            pace.add(entry)
            if "step" not in entry or pace.is_time():
                print_line(pace.text(entry), sys.stderr)

        yield print_it
        return
    columns = "[progress.description]{task.description}", BarColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=run.last_step, completed=run.step)

        def show(entry: dict) -> None:
            pace.add(entry)
            if "step" in entry:
                bar.update(task, completed=entry["step"], description=pace.text(entry))
            else:
                bar.console.print(pace.text(entry), highlight=False)

        yield show


class Pace:
    """The speed of a run since its first step in this process, and the time that is left."""

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self.epochs = math.ceil(run.last_step / run.train.steps)
        self.first: tuple[int, float] | None = None
        self.last: tuple[int, float] = run.step, time.monotonic()
        self.next = time.monotonic() + FIRST_SECONDS

    def add(self, entry: Mapping) -> None:
        """Records the time of a step."""
        if "step" in entry:
            self.last = entry["step"], time.monotonic()
            self.first = self.first or self.last

    def is_time(self) -> bool:
        """Whether a step should be shown, since none has been for a while."""
        if time.monotonic() < self.next:
            return False
        self.next = time.monotonic() + EVERY_SECONDS
        return True

    def left(self) -> str:
        """The time left for the remaining steps, as text; "" if unknown."""
        step, now = self.last
        if self.first is None or step == self.first[0] or step >= self.run.last_step:
            return ""
        seconds = (now - self.first[1]) / (step - self.first[0]) * (self.run.last_step - step)
        minutes, seconds = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f", {hours} h {minutes} min left" if hours else f", {minutes} min {seconds} s left"

    def text(self, entry: Mapping) -> str:
        """A line of the metrics as text, with the position in the run and the time left."""
        epoch = f"epoch {entry['epoch']} of {self.epochs}"
        if "step" in entry:
            step = f"step {entry['step']} of {self.run.last_step}"
            return f"{epoch}, {step}: loss {entry['loss']:.4f}{self.left()}"
        return (
            f"{epoch}: top-1 {entry['top1']:.2%}, {entry['split']} loss {entry['loss']:.4f}, "
            f"{entry['images_per_second']:.0f} images/s{self.left()}"
        )


@contextmanager
def event_files(folder: Path, wanted: bool) -> Iterator[Callable[[dict], None]]:
    """Yields a function that writes one line of the metrics for TensorBoard, if `wanted`."""
    if not wanted:
        yield lambda _: None
        return
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise MissingFramework(
            "--tensorboard needs tensorboardX; pip install '.[tensorboard]'"
        ) from None
    with SummaryWriter(str(folder / "tensorboard")) as writer:

        def keep(entry: dict) -> None:
            is_step = "step" in entry
            for name in ("loss", "lr") if is_step else ("loss", "top1"):
                tag = f"{'train' if is_step else entry['split']}/{name}"
                writer.add_scalar(tag, entry[name], entry["step" if is_step else "steps"])

        yield keep
