"""Exercises: files with a mistake each, the same in all frameworks, and the key."""

import random

import pytest
from cli import call

from common.jobs.frameworks import FRAMEWORKS
from common.networks import network
from common.spec.planner import make_plan
from common.tools.exercises.plant import mistakes
from common.tools.source.printer import import_printer


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_each_file_has_a_mistake_and_the_key_says_where(tmp_path, framework):
    out = tmp_path / "sheets"
    code, _, error = call("exercise", "plant", "9", "--seed", "3", "-f", framework, "--out", out)
    assert code == 0, error
    right = import_printer(framework).source(make_plan(network("googlenet"))).text
    texts = {file.name: file.read_text() for file in out.glob("*.py")}
    assert len(texts) == len(set(texts.values())) == 9
    for text in texts.values():
        compile(text, "sheet", "exec")
        assert set(text.splitlines()) - set(right.splitlines())
        assert "parameters" not in text.partition("import")[0]
    key = (out / "key.txt").read_text().splitlines()
    assert [line.partition(":")[0] for line in key] == sorted(texts)
    assert key[0] == "001.py: " + expected(3)


def expected(seed):
    first = next(mistakes(random.Random(seed), 1))
    return f"{first.where}: {first.en}"


def test_every_mistake_changes_the_network():
    right = make_plan(network("googlenet"))
    for mistake in mistakes(random.Random(0), 200):
        assert make_plan(mistake.plant(network("googlenet"))) != right, mistake


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("hide", "3"), 2, "unknown chapter 'hide'; choose from: plant, 01"),
        (("plant", "0"), 2, "0 files: give a number from 1 to 999"),
        (("plant", "3", "--out", "."), 2, "already exists"),
    ],
)
def test_impossible_exercises_are_refused(words, code, error):
    found, _, said = call("exercise", *words)
    assert (found, error in said) == (code, True), said
