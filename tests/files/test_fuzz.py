"""A short run of the fuzzer; `make fuzz` starts the long one."""

import os

import pytest
from fuzz import fuzz
from limited import Child
from small_files import small_files


def test_broken_and_hostile_files_are_read_or_refused_in_a_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = fuzz(tmp_path, mutants=60, structured=110, seed=1, processes=1)
    assert report.faults == []
    assert len(report.answers) == len(small_files()) + 60 + 110


@pytest.mark.parametrize(
    ("act", "fault"),
    [("[0] * 10**9", "out of memory"), ("{}['x']", "KeyError"), ("os.system('true')", "os.system"),
     ("while True: pass", "more than 1 s"), ("os.abort()", "ended it: -6"),
     ("open('mark', 'w')", "did open")],
)  # fmt: skip
def test_the_fuzzer_notices(tmp_path, monkeypatch, act, fault):
    monkeypatch.chdir(tmp_path)
    child = Child(acting, seconds=1)
    (tmp_path / "act").write_text(act)
    child.give(tmp_path / "act")
    while (found := child.take()) is None:
        pass
    child.end()
    assert fault in found.fault


def acting(path):
    """Replaces a reader: executes the code in the file."""
    exec(path.read_text(), {"os": os})
