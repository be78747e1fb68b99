"""Who is at work, on standard error: a spinner on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def progress() -> Iterator[Callable[[str, str], None]]:
    """Gives a function that takes who is at work and at what."""
    if not sys.stderr.isatty():
        yield lambda who, what: print(f"{who}: {what}", file=sys.stderr, flush=True)
        return
    with Console(stderr=True).status("") as status:
        yield lambda who, what: status.update(f"[bold]{who}[/bold] {what}")
