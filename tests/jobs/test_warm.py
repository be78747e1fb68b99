"""Jobs of the tests' warm workers cannot affect one another."""

import json
import os
from importlib import import_module

import pytest
from forked import finish
from warm import GPU, relevant

from common.jobs.call import import_path
from common.jobs.environment import environment


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


@pytest.mark.skipif(GPU.exists(), reason="with a GPU, a worker that may see it is not forked")
@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_a_worker_is_forked_whatever_the_tests_have_imported(warm_workers, device):
    import_module("sklearn")  # sets environment variables
    wanted = relevant(warm_workers.environment)
    assert relevant(environment(device) | {"PYTHONPATH": import_path()}) == wanted
    assert relevant(environment(plain=True) | {"PYTHONPATH": import_path()}) != wanted
