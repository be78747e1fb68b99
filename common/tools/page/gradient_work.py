"""The function that a worker runs for the gradients without the heads and with them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.jobs.job import Report
from common.jobs.network_jobs import Grad
from common.jobs.network_work import grad
from common.tools.page.gradient_jobs import GradientNorms


def gradient_norms(job: GradientNorms) -> Report:
    """Computes both gradients in one process; reports their norms, and the rest of the latter's."""
    arrays: Arrays = {}
    for kind, aux in (("without", False), ("with", True)):
        one = Grad(
            framework=job.framework,
            network=job.network,
            weights=job.weights,
            dtype=job.dtype,
            input=job.input,
            labels=job.labels,
            aux=aux,
        )
        report = grad(one)
        arrays |= {f"{kind}.{layer}": value for layer, value in norms(report.arrays).items()}
    return replace(report, arrays=arrays)


def norms(gradients: Mapping[str, NDArray]) -> Arrays:
    """The norm for all parameters of each layer of the body, by its path, in float64."""
    squares: dict[str, float] = defaultdict(float)
    for name, array in gradients.items():
        layer, _, inside = name.partition(".")
        if inside:  # it is not the loss
            values = array.astype(np.float64).ravel()
            squares[layer] += float(values @ values)
    return {layer: np.array(value**0.5) for layer, value in squares.items()}
