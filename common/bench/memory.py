"""How many sides of a race the machine's memory holds at once."""

import os
from collections.abc import Sequence
from itertools import groupby
from math import prod

from common.jobs.job import Time
from common.jobs.timing import plan_of

MB = 2**20
# What a framework takes without any network, and the share of all maps that it holds at once, as
# GoogLeNet's races have it; a little more than the most of them.
OWN_MB = 500
SHARES = {"infer": 0.6, "train": 1.7}
# How often the parameters are there in training: values, gradients, velocities, what was read.
COPIES = {"infer": 3, "train": 6}
USABLE = 0.85


def heats(jobs: Sequence[Time]) -> list[list[Time]]:
    """The jobs in as few races as memory allows, those of a framework together if it can be."""
    most = max(1, int(machine_mb() * USABLE / max(map(needed_mb, jobs))))
    if len(jobs) <= most:
        return [list(jobs)]
    ordered = sorted(jobs, key=framework_of)  # in which those of one framework keep their order
    frameworks = [list(own) for _, own in groupby(ordered, framework_of)]
    return [own[i : i + most] for own in frameworks for i in range(0, len(own), most)]


def framework_of(job: Time) -> str:
    """Whose job it is."""
    return job.framework


def needed_mb(job: Time) -> float:
    """About how much memory a worker takes."""
    plan = plan_of(job.network, job.task, job.size)
    maps = sum(4 * prod(node.output) for node in plan.nodes() if not node.children)
    parameters = 4 * plan.parameter_count * COPIES[job.task]
    return OWN_MB + (parameters + job.batch * maps * SHARES[job.task]) / MB


def machine_mb() -> float:
    """How much memory the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MB
