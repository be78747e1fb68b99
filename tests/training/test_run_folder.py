"""The folder of a run: one command at a time, and every damaged file in it is noticed."""

import json
import os
import platform
import signal
import threading
import time

import numpy as np
import pytest
from cli import call, googlenet
from narrow import narrow_module
from runs import losses, train

from common.errors import CheckFailed, DataError, UsageError
from common.files import safetensors_file, weights
from common.training.checkpoints import list_states, read_newest, write_state
from common.training.folder import begin, open_run
from common.training.lock import locked
from common.training.metrics import cut_metrics, read_metrics
from common.training.recipe_file import to_recipe
from common.training.training_run import TrainingRun, write_missing_weights

assert narrow_module  # a fixture

HERE = f"process {os.getpid()} on {platform.node()}"
ENDED = f"process {2**22 + 1} on {platform.node()}"  # no system has process ids this large


@pytest.fixture
def run(tmp_path):
    """A run that has been started but has taken no step."""
    where = {"network": "googlenet", "data": "digits", "channels": 1, "image_size": 32}
    begin(tmp_path / "run", to_recipe("", where | {"classes": 10}), {})
    return tmp_path / "run"


def test_one_command_at_a_time(run):
    resume = ("train", "googlenet", "-f", "pytorch", "--recipe", run / "recipe.toml", "--resume")
    with locked(run):
        assert f"{HERE} trains in this folder" in googlenet(*resume, "--out", run, code=2)
        assert "no weights yet" in googlenet("evaluate", run, code=4)  # it takes no lock
    assert not (run / "lock").exists()
    with locked(run):
        pass


def test_a_folder_in_which_no_run_was_begun_is_left_as_it_was(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "classes.json").write_text("mine")
    for folder in ("mine", "no/new"):
        train(tmp_path / folder, "--batch", 2000, code=4)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "classes.json"]


def interrupt(*_):
    """Interrupts the process as Ctrl-C does."""
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("at", ["find_faults", "write_state", "record_text"])
def test_an_interrupt_while_a_run_is_begun_leaves_nothing(tmp_path, monkeypatch, at):
    monkeypatch.setattr(f"common.training.folder.{at}", interrupt)
    options = "-f", "pytorch", "--on-error", "skip", "--out", tmp_path / "run"
    code, _, error = call("train", "googlenet", *options)
    assert (code, error) == (130, "googlenet: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_data_are_read_leaves_the_run(run, monkeypatch):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    monkeypatch.setattr("common.training.record.open_data", interrupt)
    resume = ("--recipe", run / "recipe.toml", "--resume", "--out", run)
    assert call("train", "googlenet", "-f", "pytorch", *resume)[0] == 130
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_the_workers_of_a_killed_command_are_waited_for(tmp_path, monkeypatch):
    """A lock that names a process that has ended is still held by its workers for a moment."""
    taken = locked(tmp_path)
    taken.__enter__()
    (tmp_path / "lock").write_text(ENDED)
    ended = []

    def end():
        time.sleep(0.3)
        ended.append(True)
        taken.__exit__(None, None, None)

    threading.Thread(target=end).start()
    with locked(tmp_path):
        assert ended
    monkeypatch.setattr("common.training.lock.PATIENCE_SECONDS", 0)
    with locked(tmp_path):
        (tmp_path / "lock").write_text(ENDED)
        with pytest.raises(UsageError, match="trains in this folder"), locked(tmp_path):
            pass


@pytest.fixture
def states(tmp_path):
    """A folder with two states, after one step and after two."""
    for step in (1, 2):
        write_state(
            tmp_path, step, {"weights/a": np.arange(6.0), "mean/a": np.ones(3)}, {"best": 0.5}
        )
    return tmp_path


@pytest.mark.parametrize("at", [-1, -30, -72])
def test_a_flipped_bit_is_noticed(states, at):
    path = list_states(states)[0]
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    _, about, passed_over = read_newest(states)
    assert about["step"] == 1
    assert passed_over == [f"{path}: damaged: the checksum of its arrays does not match"]


@pytest.mark.parametrize(
    ("about", "value", "fault"),
    [
        ({"step": "abc"}, 1.0, "not the state after step 'abc'"),
        ({"step": -2}, 1.0, "after step -2"),
        ({"step": [2]}, 1.0, "after step [2]"),
        ({"step": 10**9}, 1.0, "after step 1000000000"),
        ({"step": None}, 1.0, "after step None"),
        ({}, 1.0, "after step None"),
        ({"step": 2, "best": "x"}, 1.0, "cannot be 'x'"),
        ({"step": 2, "best": float("nan")}, 1.0, "cannot be nan"),
        ({"step": 2, "checksum": "x"}, 1.0, "the checksum of its arrays does not match"),
        ({"step": 2}, np.nan, "weights/a contains NaN or infinity"),
        ({"step": 2}, np.inf, "weights/a contains NaN or infinity"),
    ],
)
def test_a_state_that_cannot_be_is_passed_over(states, about, value, fault):
    path = list_states(states)[0]
    path.write_bytes(safetensors_file.pack({"weights/a": np.array([value])}, about))
    _, newest, passed_over = read_newest(states)
    assert newest["step"] == 1
    assert fault in passed_over[0]
    path.write_bytes(safetensors_file.pack({"weights/a": np.ones(1)}, {"step": 2, "best": 0.1}))
    assert read_newest(states)[1]["step"] == 2  # as earlier versions wrote them


def test_states_without_a_sound_one(states):
    for path in list_states(states):
        path.write_bytes(safetensors_file.pack({}, {"step": "abc"}))
    with pytest.raises(DataError, match="no complete checkpoint"):
        read_newest(states)


def test_weights_that_overflow_are_never_kept(tmp_path):
    """The loss of the only step is finite, because it is the loss of the initial weights."""
    options = ("--steps", 1, "--lr", 1e38)
    assert "start a new run with a lower --lr or --clip 1" in train(
        tmp_path / "run", *options, code=1
    )
    assert np.isfinite(losses(tmp_path / "run")).all()
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == [
        "state-00000000.safetensors"
    ]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_state_that_is_no_number_is_not_written(run, bad):
    found: TrainingRun = open_run(run)[0]
    step = found.make_step(next(found.train.epoch(0)))
    with pytest.raises(
        CheckFailed, match=r"weights/fc\.bias contains NaN or infinity after step 1"
    ):
        found.save(step, found.state | {"weights/fc.bias": np.array([bad])})
    assert len(list_states(run / "checkpoints")) == 1


DAMAGED = {
    "classes.json": ["5", '["a", 1]', '[["a"]]', '["a", "a"]', '{"a": 1}', "[" * 10_000, "\xff"],
    "skipped.json": ["[[1]]", "3", "null", "x"],
    "split.json": ["[]", '{"train": 3}', '{"train": [], "test": [[]]}', "x"],
    "recipe.toml": [
        "seed = 2020-01-01",
        "val_split = 'a'",
        "optimizer = 'sgd'",
        "a = " + "[" * 9999,
    ],
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_of_a_run_is_named(run, name):
    for content in DAMAGED[name]:
        (run / name).write_bytes(content.encode("latin-1"))
        with pytest.raises(DataError) as caught:
            open_run(run)
        assert str(caught.value).startswith(f"{run / name}: ")


def test_damaged_lines_of_the_metrics_are_taken_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    epoch = {
        "epoch": 1,
        "steps": 2,
        "split": "test",
        "top1": 0.5,
        "loss": 1,
        "images_per_second": 2.0,
    }
    sound = [{"step": n, "epoch": 1, "loss": 2.5, "lr": 0.1} for n in (1, 2)] + [epoch]
    damaged = ["[1, 2]", '{"step": "abc"}', '{"split": "test"}', "3", "\xff", "[" * 10_000, "{}"]
    text = "".join(f"{line}\n" for line in (*map(json.dumps, sound), *damaged))
    path.write_bytes(text.encode("latin-1"))
    assert cut_metrics(path, 2) == [f"{path}: line 4 and 6 more: damaged and removed"]
    assert read_metrics(path) == sound
    assert cut_metrics(path, 2) == []
    path.write_bytes(path.read_bytes() + b'{"step": 3, "ep')  # as a killed process leaves it
    assert cut_metrics(path, 5) == [f"{path}: 3 of the first 5 steps have no line"]


def test_missing_weights_are_restored_from_the_state(run):
    found = open_run(run)[0]
    write_missing_weights(found)
    assert not (run / "checkpoints" / "last.safetensors").exists()  # no step was taken
    found.step = 1
    write_missing_weights(found)
    arrays, _ = weights.read(run / "checkpoints" / "last.safetensors")
    np.testing.assert_array_equal(arrays["fc.weight"], found.state["weights/fc.weight"])


def test_the_first_state_is_not_kept(run):
    found = open_run(run)[0]
    first = found.state
    assert found.take_state() is first
    assert found.state == {}
