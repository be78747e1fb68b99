"""Jobs of the tests' warm workers cannot affect one another."""

import json
import os

import pytest
from forked import finish


def test_a_job_finds_nothing_of_the_one_before(warm_workers):
    first, second = (warm_workers.apply("numpy", "warm_jobs:leave_traces") for _ in range(2))
    assert json.loads(first)["attribute"] is None
    assert first == second


def test_jobs_side_by_side_have_processes_of_their_own(warm_workers):
    running = [warm_workers.start("numpy", "warm_jobs:leave_traces") for _ in range(3)]
    assert len({fork.pid for fork, _ in running} | {os.getpid()}) == 4
    for each in running:
        finish(*each)


def test_a_job_that_crashes_ends_no_other(warm_workers):
    with pytest.raises(AssertionError):
        warm_workers.apply("numpy", "warm_jobs:die")
    assert json.loads(warm_workers.apply("numpy", "warm_jobs:leave_traces"))
