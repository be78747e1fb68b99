"""Workers end with an answer or an error, and are never left running."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import planned, seeded

from common.errors import CheckFailed, DataError, MissingFramework, UsageError
from common.files import weights
from common.files.scratch import owner_mark, scratch_folder
from common.jobs.call import ROOT, call
from common.jobs.environment import environment, faster
from common.jobs.network_jobs import ForwardPass

PLAN = planned(size=(32, 32), classes=4)


@pytest.fixture
def job(tmp_path):
    """A job that runs a small forward pass with the reference."""
    weights.write(tmp_path / "w.safetensors", seeded(PLAN), PLAN)
    np.save(tmp_path / "x.npy", np.ones((2, 3, 32, 32), np.float32))
    files = {"weights": str(tmp_path / "w.safetensors"), "input": str(tmp_path / "x.npy")}
    return ForwardPass(framework="numpy", network="googlenet", **files)


def change(job, **fields):
    """A copy of the job with some fields replaced."""
    return replace(job, **fields)


def test_a_worker_answers(job):
    report = call(job)
    arrays = report.arrays
    assert arrays["logits"].shape == (2, 4)
    assert arrays["inception5b"].shape == (2, 1024, 1, 1)
    assert report.parameters == PLAN.parameter_count
    assert report.megabytes > 10


def test_a_workers_memory_is_its_own(job, monkeypatch):
    monkeypatch.setattr("common.jobs.call.subprocess", subprocess)  # a child of this process
    large = np.ones(150_000_000)  # 1,200 MB, which would be part of a child's count
    assert large.sum() > 0
    assert call(job).megabytes < 1000


def test_a_users_error_keeps_its_kind(job):
    with pytest.raises(UsageError, match="no layer 'inception9z'"):
        call(change(job, endpoints="inception9z"))
    with pytest.raises(DataError, match=r"gone\.npy: cannot be read"):
        call(change(job, input="gone.npy"))


def sabotage(tmp_path, monkeypatch, code):
    """Makes every Python process started from here on run this code first."""
    (tmp_path / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_a_missing_framework_says_what_to_install(job, tmp_path, monkeypatch):
    sabotage(tmp_path, monkeypatch, "import sys; sys.modules['torch'] = None")
    with pytest.raises(MissingFramework, match=r"pytorch is not installed .*\[pytorch\]"):
        call(change(job, framework="pytorch"))


def test_a_crash_is_told_with_its_signal(job, tmp_path, monkeypatch):
    sabotage(tmp_path, monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(CheckFailed, match="numpy: the worker was terminated by signal 11, SIGSEGV"):
        call(job)


def test_a_bug_is_told_with_its_last_line(job):
    with pytest.raises(CheckFailed, match=r"status 1 and no answer \(KeyError: 'nonsense'\)"):
        call(change(job, framework="nonsense"))


def test_a_stalled_worker_is_stopped(job, tmp_path, monkeypatch):
    sabotage(tmp_path, monkeypatch, "import time; time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(CheckFailed, match="stopped after 1 s without an answer"):
        call(job, limit=1)
    assert time.monotonic() - began < 30


STALL = """
import sys, pathlib, os, time
if "common.jobs.worker" in sys.orig_argv:
    pathlib.Path({mark!r}).write_text(str(os.getpid()))
    if {deaf}: time.sleep(600)
"""


def big_batch(tmp_path):
    """A batch that keeps the reference busy for a while."""
    np.save(tmp_path / "big.npy", np.ones((2048, 3, 32, 32), np.float32))
    return str(tmp_path / "big.npy")


def waited_for(condition, seconds=20):
    """Whether a condition becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def alive(pid):
    """Whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_no_worker_stays_behind(job, tmp_path, sent):
    """The command is interrupted while its worker is busy with something else."""
    mark, scratch = tmp_path / "pid", tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / "sitecustomize.py").write_text(STALL.format(mark=str(mark), deaf=True))
    out = tmp_path / "y.npz"
    command = [sys.executable, "-m", "common.command.main", "run", "googlenet", "-f", "numpy"]
    options = ["--weights", job.weights, "--input", job.input, "--out", str(out)]
    parent = subprocess.Popen(
        command + options,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background ignores SIGINT, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert waited_for(lambda: mark.exists() and mark.read_text())
    for _ in range(5):  # like an impatient user
        parent.send_signal(sent)
    _, told = parent.communicate(timeout=20)
    assert parent.returncode == 128 + sent
    assert told == "googlenet: interrupted\n"
    assert waited_for(lambda: not alive(mark.read_text()))
    assert not out.exists()
    assert list(scratch.iterdir()) == []


def test_an_interrupt_while_modules_are_imported_is_one_line(tmp_path, monkeypatch):
    code = (
        "import sys, os, signal\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    sabotage(tmp_path, monkeypatch, code)
    command = [sys.executable, "-m", "common.command.main", "list"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 128 + signal.SIGTERM
    assert done.stderr == "googlenet: interrupted\n"


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_a_worker_ends_when_its_parent_is_killed(job, tmp_path):
    job, mark = replace(job, input=big_batch(tmp_path)), tmp_path / "pid"
    (tmp_path / "sitecustomize.py").write_text(STALL.format(mark=str(mark), deaf=False))
    code = (
        "from common.jobs.call import call; from common.jobs.network_jobs import ForwardPass; "
        f"call(ForwardPass(**{vars(job)!r}))"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(tmp_path)}
    )
    assert waited_for(lambda: mark.exists() and mark.read_text())
    parent.kill()
    parent.wait()
    assert waited_for(lambda: not alive(mark.read_text()))


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_what_a_kill_leaves_behind_is_removed_by_the_worker(job, tmp_path):
    mark, scratch = tmp_path / "pid", tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / "sitecustomize.py").write_text(STALL.format(mark=str(mark), deaf=False))
    job = replace(job, input=big_batch(tmp_path))
    code = (
        "from common.jobs.call import call; from common.jobs.network_jobs import ForwardPass; "
        f"call(ForwardPass(**{vars(job)!r}))"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
        "TMPDIR": str(scratch),
    }
    parent = subprocess.Popen([sys.executable, "-c", code], env=environment)
    assert waited_for(lambda: mark.exists() and mark.read_text())
    assert list(scratch.iterdir()) != []
    parent.kill()
    parent.wait()
    assert waited_for(lambda: list(scratch.iterdir()) == [])


def test_what_was_left_behind_is_removed_by_the_next(tmp_path, monkeypatch):
    """Folders and files are removed only if their process has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for process in (ended.pid, os.getpid()):
        (tmp_path / f"googlenet{owner_mark(process)}abc").mkdir()
        (tmp_path / f".w.safetensors{owner_mark(process)}part").write_text("half")
    (tmp_path / "googlenet-of-mine").mkdir()
    with scratch_folder():
        pass
    weights.write(tmp_path / "w.safetensors", seeded(PLAN), PLAN)
    kept = sorted(file.name for file in tmp_path.iterdir())
    assert kept == sorted([f"googlenet{owner_mark()}abc", "googlenet-of-mine", "w.safetensors"])


def test_a_worker_that_the_system_killed_ran_out_of_memory(job, tmp_path, monkeypatch):
    sabotage(tmp_path, monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(DataError, match=r"numpy: the worker was killed .*when memory runs out"):
        call(job)


def test_an_answer_that_cannot_be_written_names_its_file(job, tmp_path, monkeypatch):
    code = "import resource, sys\n"
    code += "if 'common.jobs.worker' in sys.orig_argv: "
    sabotage(tmp_path, monkeypatch, code + "resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999))")
    with pytest.raises(DataError, match=r"numpy: .*out\.npz: File too large"):
        call(job)


def test_a_plain_worker_has_none_of_the_settings(monkeypatch):
    assert faster()
    for variable in faster():
        monkeypatch.delenv(variable, raising=False)
    assert faster().items() <= environment().items()
    assert not faster().keys() & environment(plain=True).keys()
