"""Measures how long a call takes: in turns with other contestants, or alone."""

import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median

from numpy.typing import NDArray

from common.jobs.turns import Turns

WARM_UP = 2  # calls
# A turn makes timed calls for this long. Before them it makes one that is not timed, which brings
# the worker's data back into the processor's caches.
TURN_SECONDS = 0.5


class Timer:
    """Times a contestant in its turns.

    The contestant first calls `show`, and then makes one call for each item that `calls` yields.
    """

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.shown_at = 0.0
        self.seconds: list[float] = []  # for each turn, the median duration of a call

    def show(self, result: Mapping[str, NDArray]) -> None:
        """Shows the first results, whose time is part of the report."""
        self.shown_at = time.perf_counter()
        self.turns.show(result)

    def calls(self) -> Iterator[None]:
        """Yields once for each call to make: first to warm up, then in each turn."""
        for _ in range(WARM_UP):
            yield
        for _ in self.turns.take():
            yield
            seconds: list[float] = []
            while sum(seconds) < TURN_SECONDS:
                began = time.perf_counter()
                yield
                seconds.append(time.perf_counter() - began)
            self.seconds.append(median(seconds))


def call_seconds(call: Callable[[], object]) -> float:
    """The duration of a call, in seconds."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
