"""What the judge says of a benchmark's first images, before anything is timed."""

import numpy as np
from numpy.typing import NDArray

from common import judge
from common.arrays import Arrays
from common.bench.sides import Work
from common.jobs.timing import SHOWN, labels_of, noise
from common.plan import Plan


def expect(work: Work, plan: Plan, arrays: Arrays) -> NDArray:
    """The results of the first images, or in training their loss, in NumPy float64."""
    x = noise(plan, work.batch)[:SHOWN]
    if work.task == "infer":
        return judge.run(judge.load_network(plan, arrays, "float64"), x, [])[plan.network.output]
    return np.array(judge.differentiate(plan, arrays, x, labels_of(x, plan.network.classes)).loss)
