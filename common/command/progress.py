"""Who is at work, on standard error: a spinner on a terminal, plain lines elsewhere."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import SEEK_END
from pathlib import Path

from rich.console import Console


@contextmanager
def progress() -> Iterator[Callable[[str, str], None]]:
    """Gives a function that takes who is at work and at what."""
    if not sys.stderr.isatty():
        yield lambda who, what: print(f"{who}: {what}", file=sys.stderr, flush=True)
        return
    with Console(stderr=True).status("") as status:
        yield lambda who, what: status.update(f"[bold]{who}[/bold] {what}")


@contextmanager
def follow(path: Path) -> Iterator[Callable[[], None]]:
    """Gives a function that shows what a run's metrics have gained since it was last called.

    On a terminal the step and its loss, and everywhere a line per epoch.
    """
    path.touch()
    with open(path) as file, Console(stderr=True).status("starting") as status:
        file.seek(0, SEEK_END)

        def show_new() -> None:
            while (line := file.readline()).endswith("\n"):
                entry = json.loads(line)
                if "step" in entry:
                    status.update("epoch {epoch}, step {step}: loss {loss:.4f}".format(**entry))
                else:
                    print(epoch_text(entry), file=sys.stderr, flush=True)
            file.seek(file.tell() - len(line))  # begun, and not yet ended

        yield show_new
        show_new()


def epoch_text(line: Mapping) -> str:
    """An epoch's line of the metrics in words."""
    return (
        f"epoch {line['epoch']}: top-1 {line['top1']:.2%}, test loss {line['loss']:.4f}, "
        f"{line['images_per_second']:.0f} images/s"
    )
