"""Shows progress on standard error: a spinner on a terminal, plain lines elsewhere."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import SEEK_END
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from common.command.printable import print_line, printable
from common.errors import MissingFramework
from common.training.run import TrainingRun


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
    """Yields a function that shows one line of the metrics."""
    if not sys.stderr.isatty():
        yield lambda entry: None if "step" in entry else print(epoch_text(entry), file=sys.stderr)
        return
    steps, batch = run.train.steps, run.recipe.batch
    speed = TextColumn("{task.fields[speed]}")
    columns = "[progress.description]{task.description}", BarColumn(), speed, TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=min(steps, run.last_step), speed="")

        def show(entry: dict) -> None:
            if "step" not in entry:
                bar.console.print(epoch_text(entry), highlight=False)
                return
            done = entry["step"] - (entry["epoch"] - 1) * steps
            if done == 1:
                bar.reset(task)
            text = "epoch {epoch}, step {step}: loss {loss:.4f}".format(**entry)
            per_second = (bar.tasks[0].speed or 0) * batch
            bar.update(task, completed=done, description=text, speed=f"{per_second:.0f} images/s")

        yield show


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


def epoch_text(line: Mapping) -> str:
    """The metrics of one epoch as a line of text."""
    return (
        f"epoch {line['epoch']}: top-1 {line['top1']:.2%}, "
        f"{line['split']} loss {line['loss']:.4f}, {line['images_per_second']:.0f} images/s"
    )
