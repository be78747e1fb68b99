"""Two processes take the same steps as one; all frameworks take the same steps."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from command import googlenet
from conftest import require
from runs import ARGUMENTS, losses, train

from common.files import weights
from common.jobs.frameworks import FRAMEWORKS
from common.jobs.launch import place, variables

EXACT = ("--dtype", "float64", "--steps", 3, "--image-size", 32)
ENDS = ["127.0.0.1:5001", "127.0.0.1:5002"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_two_processes_are_one(tmp_path, framework):
    """With dropout; batch norm, which this network has not, would go by each share."""
    train(tmp_path / "one", *EXACT, framework=framework)
    train(tmp_path / "two", *EXACT, "--processes", 2, framework=framework)
    one, two = tmp_path / "one", tmp_path / "two"
    np.testing.assert_allclose(losses(two), losses(one), rtol=1e-12)
    first, second = (weights.read(f / "checkpoints" / "last.safetensors")[0] for f in (one, two))
    for name, array in first.items():
        np.testing.assert_allclose(second[name], array, atol=1e-6, err_msg=name)
    assert json.loads((two / "environment.json").read_text())["processes"] == 2


def test_one_that_dies_ends_the_other(tmp_path):
    require("pytorch")
    command = [sys.executable, "-m", "common.command.main", "train", "googlenet", "-f", "pytorch"]
    options = [*map(str, ARGUMENTS), "--out", tmp_path / "run", "--processes", "2"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, env=environment) as process:
        path = tmp_path / "run" / "metrics.jsonl"
        while not (path.exists() and path.read_text()):
            time.sleep(0.1)
            assert process.poll() is None
        listed = subprocess.run(["pgrep", "-f", f"jobs.worker {tmp_path}"], capture_output=True)
        os.kill(int(listed.stdout.split()[-1]), signal.SIGKILL)
        assert process.wait(60) == 4
        [line] = process.stderr.read().decode().splitlines()
    assert "pytorch, process 2 of 2: the worker was killed" in line
    assert subprocess.run(["pgrep", "-f", f"jobs.worker {tmp_path}"]).returncode == 1


def test_a_batch_must_divide(tmp_path):
    assert "a batch of 8 does not divide among 3" in train(
        tmp_path / "run", "--processes", 3, code=2
    )
    assert not (tmp_path / "run").exists()


def test_a_device_that_is_not_there(tmp_path):
    assert "no CUDA device here" in train(tmp_path / "run", "--device", "cuda", code=2)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_each_process_finds_its_place(framework):
    assert place(framework, {}) == (0, 1)
    for rank in (0, 1):
        assert place(framework, variables(framework, rank, ENDS)) == (rank, 2)


def test_a_chief_is_the_first():
    cluster = {"chief": ENDS[:1], "worker": ENDS[1:]}
    for kind, rank in {"chief": 0, "worker": 1}.items():
        config = {"cluster": cluster, "task": {"type": kind, "index": 0}}
        assert place("tensorflow", {"TF_CONFIG": json.dumps(config)}) == (rank, 2)


def test_compare_trains_side_by_side(tmp_path):
    for framework in FRAMEWORKS:
        require(framework)
    options = ("--dtype", "float64", "--steps", 2, "--json", "--out", tmp_path / "runs")
    recipe = tmp_path / "r.toml"
    recipe.write_text(
        "batch = 4\nimage_size = 32\nlabel_smoothing = 0.1\nclip = 1.0\naverage = 0.9"
    )
    found = json.loads(googlenet("compare", "--train", "--recipe", recipe, *options))
    assert list(found["frameworks"]) == list(FRAMEWORKS)
    for result in found["frameworks"].values():
        assert result["parts_at"] is None
        assert result["largest_difference"] < 1e-12
        assert result["weights_apart"] < 1e-12
        assert result["steps"] == 2
    assert "<svg" in (tmp_path / "runs" / "curves.svg").read_text()
