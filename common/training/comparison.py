"""The comparison, step by step, of runs of one recipe in several frameworks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from common.arrays import Arrays
from common.reference.numerics import relative_difference

# Two runs diverge at the first step whose losses differ by more than this, relatively, by the
# recipe's dtype. Rounding errors grow from step to step; in float32 they become visible.
TOLERANCES = {"bfloat16": 1e-1, "float32": 1e-3, "float64": 1e-9}
# A gradient that is smaller than this fraction of the largest one is the rounding error of a sum
# that would be 0.
ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of one run, and how far it differs from the first run of the comparison.

    `loss` is that of the last step, `top1` that after the last epoch, and `images_per_second` the
    median over the epochs. `largest_difference` is the largest relative difference of a step's loss
    from the first run's, and `parts_at` the first step at which it exceeds the tolerance; None if
    it never does. `weights_apart` is the largest relative
    difference between the final weights.
    """

    steps: int
    loss: float
    top1: float
    images_per_second: float
    seconds: float
    peak_mb: int
    largest_difference: float
    parts_at: int | None
    weights_apart: float


def weights_apart(state: Arrays, first: Arrays) -> float:
    """The largest difference of any weight or buffer, relative to the largest value in its array.

    `state` and `first` are the last states of two runs. A parameter that does not affect the loss,
    such as a bias that batch norm cancels, is left out: its gradient is only rounding error, and so
    are the updates that the optimizer computes from it.
    """
    idle = idle_parameters(first)
    names = [name for name in first if name.startswith("weights/")]
    return max(
        relative_difference(state[name], first[name])
        for name in names
        if name.partition("/")[2] not in idle
    )


def idle_parameters(state: Arrays) -> set[str]:
    """The parameters whose gradients, as far as the optimizer's slots show, are rounding errors."""
    sizes = {
        name.partition("/")[2]: np.abs(array).max()
        for name, array in state.items()
        if name.startswith(("mean/", "velocity/"))
    }
    return {name for name, size in sizes.items() if size < ROUNDING * max(sizes.values())}


def outcome(
    metrics: Sequence[Mapping],
    first: Sequence[Mapping],
    tolerance: float,
    *,
    seconds: float,
    peak_mb: int,
    weights_apart: float,
) -> Outcome:
    """The outcome of a run compared with the first run, from the metrics of both."""
    losses, expected = ([x["loss"] for x in lines if "step" in x] for lines in (metrics, first))
    epochs = [line for line in metrics if "split" in line]
    apart = [abs(a - b) / abs(b) for a, b in zip(losses, expected, strict=True)]
    speeds = sorted(line["images_per_second"] for line in epochs)
    return Outcome(
        steps=len(losses),
        loss=losses[-1],
        top1=epochs[-1]["top1"],
        images_per_second=speeds[len(speeds) // 2],
        seconds=seconds,
        peak_mb=peak_mb,
        largest_difference=max(apart),
        parts_at=next((n for n, a in enumerate(apart, 1) if not a <= tolerance), None),
        weights_apart=weights_apart,
    )
