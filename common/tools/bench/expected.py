"""The reference's results for a benchmark's first images, computed before anything is timed."""

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.reference import network as reference
from common.spec.plan import Plan
from common.tools.bench.workload import SHOWN, Work, labels_of, noise


def expect(work: Work, plan: Plan, arrays: Arrays) -> NDArray:
    """The results for the first images, or in training their loss, in NumPy float64."""
    x = noise(plan, work.batch)[:SHOWN]
    if work.task == "infer":
        return reference.forward_pass(reference.load_network(plan, arrays, "float64"), x, [])[
            plan.spec.output
        ]
    return np.array(reference.differentiate(plan, arrays, x, labels_of(x, plan.spec.classes)).loss)
