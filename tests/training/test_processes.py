"""Two processes take the same steps as one, and all frameworks take the same steps."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from cli import googlenet
from conftest import require
from runs import ARGUMENTS, DATA, losses, train

from common.errors import UsageError
from common.files import weights
from common.jobs.call import ROOT
from common.jobs.frameworks import FRAMEWORKS
from common.tools.train.launch import free_ports, rank_of, variables
from common.training.checkpoints import list_states
from common.training.folder import open_run
from common.training.lock import locked

EXACT = ("--dtype", "float64", "--steps", 3)
ENDS = ["127.0.0.1:5001", "127.0.0.1:5002"]


def grouped(framework, *marks):
    """A parameter for tests that share a framework's run in one process, in one test process."""
    return pytest.param(
        framework, marks=[pytest.mark.xdist_group(f"processes {framework}"), *marks]
    )


GROUPED = [grouped(framework) for framework in FRAMEWORKS]
# Two machines differ from two processes only in the command lines that start them.
MACHINES = [GROUPED[0], *(grouped(framework, pytest.mark.long) for framework in FRAMEWORKS[1:])]


@pytest.fixture(scope="module")
def one_process(tmp_path_factory):
    """A function that returns a framework's run in one process."""

    @cache
    def run(framework):
        folder = tmp_path_factory.mktemp(framework) / "one"
        train(folder, *EXACT, framework=framework)
        return folder

    return run


@pytest.mark.parametrize("framework", GROUPED)
def test_two_processes_are_one(tmp_path, framework, one_process):
    """With dropout; this network has no batch norm, whose statistics would be per process."""
    one, two = one_process(framework), tmp_path / "two"
    train(two, *EXACT, "--processes", 2, framework=framework)
    np.testing.assert_allclose(losses(two), losses(one), rtol=1e-12)
    first, second = (weights.read(f / "checkpoints" / "last.safetensors")[0] for f in (one, two))
    for name, array in first.items():
        np.testing.assert_allclose(second[name], array, atol=1e-6, err_msg=name)
    assert json.loads((two / "environment.json").read_text())["processes"] == 2


def documented_lines():
    """The launchers' command lines in docs/training.md, by framework."""
    text = (ROOT / "docs" / "training.md").read_text()
    block = text.partition("## Several processes")[2].split("```")[1].replace("\\\n", "")
    return {re.search(r"-f (\w+)", line)[1]: line for line in block.strip().splitlines()}


@pytest.mark.parametrize("framework", MACHINES)
def test_two_machines_are_one(tmp_path, framework, one_process):
    """Runs the documented command lines on the loopback interface."""
    one, two = one_process(framework), tmp_path / "two"
    ends = [f"127.0.0.1:{port}" for port in free_ports(2)]
    replaced = {"HOST:29500": ends[0], "OTHER:29500": ends[1], "--data folder:DIR": ""}
    replaced |= {"--out RUN": " ".join(map(str, ("--out", two, *ARGUMENTS, *EXACT)))}
    processes = []
    for rank in ("0", "1"):
        line = documented_lines()[framework]
        more = {"--rank 0": f"--rank {rank}", '"index": 0': f'"index": {rank}'}
        for old, new in (replaced | more).items():
            line = line.replace(old, new)
        (tmp_path / rank).mkdir()
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        with open(tmp_path / f"log{rank}", "wb") as log:
            processes.append(
                subprocess.Popen(
                    ["bash", "-c", line], stdout=log, stderr=log, cwd=tmp_path / rank,
                    env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
                    start_new_session=True,
                )
            )  # fmt: skip
    try:
        end = time.monotonic() + 150
        while any(process.poll() is None for process in processes) and time.monotonic() < end:
            time.sleep(0.2)
            if any(process.poll() for process in processes):
                break  # the other process would wait for it
        codes = [process.poll() for process in processes]
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert codes == [0, 0], [(tmp_path / f"log{rank}").read_text()[-2000:] for rank in (0, 1)]
    np.testing.assert_allclose(losses(two), losses(one), rtol=1e-12)
    assert json.loads((two / "environment.json").read_text())["processes"] == 2


def started(folder, *more):
    """A training process that has taken its first step."""
    require("pytorch")
    command = [sys.executable, "-m", "common.command.main", "train", "googlenet", "-f", "pytorch"]
    options = [*map(str, (*ARGUMENTS, "--out", folder / "run", *more))]
    environment = os.environ | {"TMPDIR": str(folder)}
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, env=environment)
    path = folder / "run" / "metrics.jsonl"
    while not (path.exists() and path.read_text()):
        time.sleep(0.1)
        assert process.poll() is None
    return process


def workers(folder):
    """The process ids of the workers whose files are in a folder."""
    listed = subprocess.run(["pgrep", "-f", f"jobs.worker {folder}"], capture_output=True)
    return [int(number) for number in listed.stdout.split()]


def test_the_lock_is_held_until_the_worker_has_ended(tmp_path, monkeypatch):
    """The worker, which may be writing, is stopped; the command that started it is killed."""
    with started(tmp_path) as process:
        [worker] = workers(tmp_path)
        os.kill(worker, signal.SIGSTOP)
        process.kill()
    monkeypatch.setattr("common.training.lock.PATIENCE_SECONDS", 1)
    with pytest.raises(UsageError, match=f"process {process.pid} on"), locked(tmp_path / "run"):
        pass
    monkeypatch.undo()
    os.kill(worker, signal.SIGCONT)
    with locked(tmp_path / "run"):
        assert not workers(tmp_path)


def test_an_interrupted_run_goes_on(tmp_path):
    with started(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 128 + signal.SIGINT
        assert "run the same command with --resume to continue" in process.stderr.read().decode()
    run, _ = open_run(tmp_path / "run")
    assert len(losses(tmp_path / "run")) == run.step > 0
    assert not workers(tmp_path)


@pytest.mark.xdist_group("processes pytorch")
def test_a_killed_run_goes_on_to_the_same_weights(tmp_path, one_process):
    """The run is killed (signal 9) after some steps; later, its newest state is damaged."""
    whole, folder = one_process("pytorch"), tmp_path / "run"
    with started(tmp_path, *EXACT) as process:
        process.kill()
    train(folder, *EXACT, "--resume")
    list_states(folder / "checkpoints")[0].write_bytes(b"cut off")
    train(folder, *EXACT, "--resume")
    for name in ("last", "best"):
        one, other = (f / "checkpoints" / f"{name}.safetensors" for f in (whole, folder))
        assert one.read_bytes() == other.read_bytes()
    assert losses(whole) == losses(folder)


def test_one_that_dies_ends_the_other(tmp_path):
    with started(tmp_path, "--processes", "2") as process:
        os.kill(workers(tmp_path)[-1], signal.SIGKILL)
        assert process.wait(60) == 4
        [line] = process.stderr.read().decode().splitlines()
    assert "pytorch, process 2 of 2: the worker was killed" in line
    assert not workers(tmp_path)


def test_a_batch_must_divide(tmp_path):
    assert "a batch of 8 cannot be divided equally among 3" in train(
        tmp_path / "run", "--processes", 3, code=2
    )
    assert not (tmp_path / "run").exists()


def test_a_device_that_is_not_there(tmp_path):
    assert "no CUDA device found" in train(tmp_path / "run", "--device", "cuda", code=2)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_each_process_finds_its_place(framework):
    assert rank_of(framework, {}) == (0, 1)
    for rank in (0, 1):
        assert rank_of(framework, variables(framework, rank, ENDS)) == (rank, 2)


def test_a_chief_is_the_first():
    cluster = {"chief": ENDS[:1], "worker": ENDS[1:]}
    for kind, rank in {"chief": 0, "worker": 1}.items():
        config = {"cluster": cluster, "task": {"type": kind, "index": 0}}
        assert rank_of("tensorflow", {"TF_CONFIG": json.dumps(config)}) == (rank, 2)


def test_compare_trains_side_by_side(tmp_path):
    for framework in FRAMEWORKS:
        require(framework)
    options = ("--dtype", "float64", "--steps", 2, "--json", "--out", tmp_path / "runs")
    recipe = tmp_path / "r.toml"
    recipe.write_text(
        "batch = 4\nimage_size = 32\nlabel_smoothing = 0.1\nclip = 1.0\naverage = 0.9"
    )
    found = json.loads(
        googlenet("compare", "--train", "--recipe", recipe, "--data", DATA, *options)
    )
    assert list(found["frameworks"]) == list(FRAMEWORKS)
    for result in found["frameworks"].values():
        assert result["parts_at"] is None
        assert result["largest_difference"] < 1e-12
        assert result["weights_apart"] < 1e-12
        assert result["steps"] == 2
    assert "<svg" in (tmp_path / "runs" / "curves.svg").read_text()
