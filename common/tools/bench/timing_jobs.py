"""The jobs of a benchmark."""

from dataclasses import dataclass

from common.jobs.job import NetworkJob


@dataclass(frozen=True, kw_only=True)
class TakeTurns(NetworkJob):
    """One contestant of a benchmark: a network that computes when the parent gives it a turn.

    `mode` is `plain`, `tuned`, or the name of a baseline, whose weights may be in a file of its
    own format; `task` is `infer` or `train`.
    """

    mode: str
    task: str
    batch: int
    size: int


@dataclass(frozen=True, kw_only=True)
class TimeLayers(NetworkJob):
    """Times each layer of a network's body as a separate network, and the whole network.

    The report's arrays are the seconds by layer name, and `all` for the whole network.
    """

    batch: int
