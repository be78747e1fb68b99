"""Relates a rate to the machine's limits, by two measures from the same run.

The first is the rate of the fastest program without a framework (ONNX Runtime, OpenVINO) on the
same workload; the second is the arithmetic of a large matrix product.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from common.tools.bench.results import Timing
from common.tools.bench.workload import plan_of

PRODUCT_SIZE = 2048
# The arithmetic of a training step in forward passes: the forward pass itself, and the gradients
# with respect to the maps and to the weights.
TRAINING_PASSES = 3


def product_rate(size: int = PRODUCT_SIZE) -> float:
    """The multiply-adds per second of NumPy's float32 product of two square matrices."""
    a = np.random.default_rng(0).standard_normal((size, size), np.float32)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - began)
    return size**3 / min(seconds)


def passes(row: Timing) -> int:
    """The arithmetic of a row's task, in forward passes."""
    return TRAINING_PASSES if row.work.task == "train" else 1


def of_limit(row: Timing, rows: Sequence[Timing]) -> float | None:
    """A row's rate as a share of that of the fastest program without a framework.

    In training, the limit is a third of that program's rate in inference, for the same batch and
    size. None in another precision, or if no such program was timed.
    """
    work = replace(row.work, task="infer")
    rates = [
        r.images_per_second for r in rows if r.work == work and r.contestant.framework == "onnx"
    ]
    if not rates or row.contestant.precision != "float32":
        return None
    return row.images_per_second * passes(row) / max(rates)


def of_product(row: Timing, rate: float) -> float | None:
    """A row's multiply-adds per second as a share of those of a matrix product; float32 only."""
    if row.contestant.precision != "float32":
        return None
    work = row.work
    forward = plan_of(work.network, "infer", work.size).multiply_adds
    return row.images_per_second * passes(row) * forward / rate
