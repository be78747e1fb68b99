"""Splits the contestants of a race into groups that fit in the machine's memory at once."""

import os
from collections.abc import Sequence
from itertools import groupby
from math import prod

from common.tools.bench.timing_jobs import TakeTurns
from common.tools.bench.workload import plan_of

MB = 2**20
# The memory of a framework without a network, and that of feature maps as a multiple of the size of
# all layers' outputs: a little more than the largest values measured in GoogLeNet's races.
OWN_MB = 500
SHARES = {"infer": 0.6, "train": 1.7}
# How many times the parameters are in memory. In training these are the values, the gradients, the
# velocities, the arrays that were read, and copies made on the way.
COPIES = {"infer": 3, "train": 6}
USABLE = 0.85  # the fraction of the machine's memory that a group may take


def groups(jobs: Sequence[TakeTurns]) -> list[list[TakeTurns]]:
    """Splits the jobs into groups that fit in memory: one if possible, else by framework."""
    most = max(1, int(machine_mb() * USABLE / max(map(needed_mb, jobs))))
    if len(jobs) <= most:
        return [list(jobs)]
    ordered = sorted(jobs, key=job_framework)  # stable: keeps the order in a framework
    frameworks = [list(own) for _, own in groupby(ordered, job_framework)]
    return [own[i : i + most] for own in frameworks for i in range(0, len(own), most)]


def job_framework(job: TakeTurns) -> str:
    """The framework of a job."""
    return job.framework


def needed_mb(job: TakeTurns) -> float:
    """The approximate memory that a worker needs, in MB."""
    plan = plan_of(job.network, job.task, job.size)
    maps = sum(4 * prod(node.output) for node in plan.nodes() if not node.children)
    parameters = 4 * plan.parameter_count * COPIES[job.task]
    return OWN_MB + (parameters + job.batch * maps * SHARES[job.task]) / MB


def machine_mb() -> float:
    """The machine's physical memory, in MB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MB
