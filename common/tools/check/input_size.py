"""Finds an input size at which a user's network can be traced."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from common.errors import DataError
from common.spec import Shape, shape_text
from common.tools.check.candidates import likely_input
from common.tools.check.check_jobs import Check
from common.tools.check.making import CIFAR, usual_inputs
from common.tools.check.trace import Trace

SHOWN = 200  # characters of an error: what follows depends on the length of the rest
MIN_MAP = 4  # rows: at 32 x 32, most maps of a network for CIFAR are not smaller
EXPECTS = re.compile(r"the layer expects (\d+) channels but got (\d+)")
Attempt = Callable[[Shape], Trace]  # raises DataError where the network does not run


def trace_at_a_size(
    job: Check, declared: Shape | None, named: Sequence[Shape], attempt: Attempt
) -> Trace:
    """The trace of a network at the requested input size or the one that it declares.

    Without either, it is CIFAR's size for a network whose maps are not tiny there, and otherwise
    the first size on which the network runs, of those `named` in its file and the usual ones, or,
    if it also runs there, that of the most similar published network.
    """
    trace = trace_at_first(job, declared, named, attempt)
    inside = trace.calls[0].input.shape[2:]
    if not job.input and len(inside) == 2 and inside != trace.image.shape[2:]:
        with suppress(DataError):
            own = attempt((trace.image.shape[1], *inside))
            if own.calls[0].input.shape == own.image.shape:
                note = f"the network itself resizes images to {' x '.join(map(str, inside))}"
                return replace(own, notes=[*own.notes, note])
    return trace


def trace_at_first(
    job: Check, declared: Shape | None, named: Sequence[Shape], attempt: Attempt
) -> Trace:
    """The trace at the first suitable size, at which the network may resize the images."""
    given = tuple(job.input) if job.input else declared
    if given or job.network:
        return first_that_runs([given] if given else [*usual_inputs(job.network)], attempt)
    with suppress(DataError):
        small = attempt(CIFAR)
        if (
            np.median([each.input.shape[2] for each in small.calls if each.input.ndim == 4])
            >= MIN_MAP
        ):
            return small
        if (better := likely_input(small)) and better != CIFAR:
            return attempt(better)
    sizes = dict.fromkeys((*named, *usual_inputs(None)))
    trace = first_that_runs([*sizes], attempt)
    if (better := likely_input(trace)) and better != trace.image.shape[1:]:
        with suppress(DataError):  # where the network does not run at that size
            return attempt(better)
    return trace


def first_that_runs(sizes: Sequence[Shape], attempt: Attempt) -> Trace:
    """The trace at the first of these input sizes on which the network runs."""
    failures: list[DataError] = []
    for size in sizes:
        try:
            return attempt(size)
        except DataError as error:
            failures.append(error)
    first = EXPECTS.search(str(failures[0])) if len(sizes) > 1 else None
    if first and int(first[2]) == sizes[0][0]:  # the first layer
        other = [(int(first[1]), *size[1:]) for size in sizes]
        if not {*other} <= {*sizes}:
            return first_that_runs(other, attempt)
    alike = [e for e, size in zip(failures, sizes, strict=True) if size[0] == sizes[0][0]]
    if len(set(map(without_shapes, alike))) == 1 < len(failures):  # whatever the size
        raise failures[0]
    tried = ", ".join(shape_text(size) for size in sizes)
    raise DataError(f"{failures[0]} (on {tried}; set a different size with --input CxHxW)")


def without_shapes(error: DataError) -> str:
    """The beginning of an error, without the shapes that it names."""
    return re.sub(r"\[[\d, ]*\]", "", str(error))[:SHOWN]
