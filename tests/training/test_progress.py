"""The lines that a training run prints: where it is, and how long it will take."""

from types import SimpleNamespace

import pytest
from narrow import narrow_module

from common.command import progress
from common.command.progress import Pace

assert narrow_module  # a fixture

STEP = {"epoch": 1, "loss": 0.5, "lr": 0.1}
EPOCH = {"epoch": 2, "steps": 20, "split": "val", "top1": 0.75, "loss": 0.25}
EPOCH |= {"images_per_second": 12.4}


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now.seconds)
    return now


def pace(done=0, last=35):
    """The pace of a run of that many steps, 10 in an epoch."""
    return Pace(SimpleNamespace(step=done, last_step=last, train=SimpleNamespace(steps=10)))


def test_a_step_says_where_the_run_is_and_how_long_it_takes(clock):
    own = pace(done=5)
    for step in (6, 8):
        own.add(STEP | {"step": step})
        clock.seconds += 60
    own.add(STEP | {"step": 10})  # 30 seconds for each step
    text = own.text(STEP | {"step": 10})
    assert text == "epoch 1 of 4, step 10 of 35: loss 0.5000, 12 min 30 s left"


def test_the_first_step_and_the_last_have_no_time_left(clock):
    own = pace()
    own.add(STEP | {"step": 1})
    assert own.text(STEP | {"step": 1}) == "epoch 1 of 4, step 1 of 35: loss 0.5000"
    clock.seconds += 5
    own.add(STEP | {"step": 35})
    assert own.text(EPOCH) == "epoch 2 of 4: top-1 75.00%, val loss 0.2500, 12 images/s"


def test_hours_are_told(clock):
    own = pace(last=7201)
    own.add(STEP | {"step": 1})
    clock.seconds += 1
    own.add(STEP | {"step": 2})
    assert own.text(STEP | {"step": 2}).endswith(", 1 h 59 min left")


def test_in_a_pipe_a_step_is_shown_once_in_a_while(clock):
    own, shown = pace(), []
    for _ in range(100):
        clock.seconds += 1.5
        shown.append(own.is_time())
    assert shown.index(True) == 19  # after thirty seconds
    assert sum(shown) == 3
