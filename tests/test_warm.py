"""Jobs of the tests' warm workers cannot reach one another."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from forked import finish

from common import spec


def leave_traces(*_):
    """Prints what a job finds, and then changes all of it."""
    found = {
        "environment": sorted(os.environ.items()),
        "folder": os.getcwd(),
        "path": sys.path,
        "modules": len(sys.modules),
        "threads": threading.active_count(),
        "descriptors": sorted(
            os.listdir("/proc/self/fd") if Path("/proc/self/fd").exists() else []
        ),
        "attribute": getattr(spec, "left_by_a_job", None),
        "signal": str(signal.getsignal(signal.SIGTERM)),
        "umask": os.umask(0o77),
        "limit": sys.getrecursionlimit(),
    }
    print(json.dumps(found))
    os.environ["LEFT_BY_A_JOB"] = "1"
    os.chdir("/")
    sys.path.append("/left")
    sys.modules["left_by_a_job"] = sys
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    os.dup(0)
    spec.left_by_a_job = True
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.setrecursionlimit(500)


def test_a_job_finds_nothing_of_the_one_before(warm_workers):
    first, second = (warm_workers.apply("numpy", "test_warm:leave_traces") for _ in range(2))
    assert json.loads(first)["attribute"] is None
    assert first == second


def test_jobs_side_by_side_have_processes_of_their_own(warm_workers):
    running = [warm_workers.start("numpy", "test_warm:leave_traces") for _ in range(3)]
    assert len({fork.pid for fork, _ in running} | {os.getpid()}) == 4
    for each in running:
        finish(*each)


def die(*_):
    """Ends as a crash does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def test_a_job_that_crashes_ends_no_other(warm_workers):
    with pytest.raises(AssertionError):
        warm_workers.apply("numpy", "test_warm:die")
    assert json.loads(warm_workers.apply("numpy", "test_warm:leave_traces"))
