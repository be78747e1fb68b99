"""The exercises: every solution passes, every starter and every known mistake gets its line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli import googlenet

from common.jobs.call import ROOT
from common.jobs.frameworks import FRAMEWORKS
from common.tools.exercises.chapters import CHAPTERS
from common.tools.exercises.grade import grade

FOLDER = ROOT / "docs" / "book" / "exercises"
ALL = [(chapter, each) for chapter, exercises in CHAPTERS.items() for each in exercises]
IDS = [f"{chapter}-{each.name}" for chapter, each in ALL]


def files(framework, part):
    """The chapters' files of answers in a framework, from their folder or its solutions."""
    found = sorted(FOLDER.glob(f"*/{part}answers_{framework}.py"))
    assert len(found) == len(CHAPTERS)
    return found


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_solution_passes_and_every_starter_has_no_answer_yet(framework):
    paths = [*files(framework, "solutions/"), *files(framework, "")]
    script = Path(__file__).parent / "grade_files.py"
    command = [sys.executable, str(script), framework, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        path, name, said = line.split("\t")
        right = "right" if "solutions" in path else "has no answer yet"
        assert said.startswith(right), (path, name, said)


def given(exercise, answer):
    """The report of a worker on an answer."""
    values = [np.asarray(answer(*case), np.float64) for case in exercise.cases]
    return {f"{exercise.name}/{n}": value for n, value in enumerate(values)}


@pytest.mark.parametrize(("chapter", "exercise"), ALL, ids=IDS)
def test_every_known_mistake_gets_its_own_line(chapter, exercise):
    assert grade(exercise, given(exercise, exercise.right)).is_right
    assert len(exercise.mistakes) >= 5, chapter
    lines = [grade(exercise, given(exercise, wrong)).line for wrong, _ in exercise.mistakes]
    assert lines == [line for _, line in exercise.mistakes]


@pytest.mark.parametrize(("chapter", "exercise"), ALL, ids=IDS)
def test_no_line_gives_the_answer_away(chapter, exercise):
    if not exercise.is_function:
        answer = np.asarray(exercise.right())
        told = " ".join(line for _, line in exercise.mistakes).replace(",", "")
        texts = {f"{each:.6g}" for each in answer.flatten() if each > 10}
        assert not texts & set(told.split()), chapter


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_has_four_exercises(chapter):
    folder = next(FOLDER.glob(f"{chapter}_*"))
    page = ROOT / "docs" / "book" / "en" / f"{folder.name.replace('_', '-', 1)}.md"
    assert page.read_text().count("```{exercise} ") >= 4


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("while True: pass", 4, "stopped after 5 s"),
        ("import torch, paddle", 2, "imports paddle and pytorch; use one framework a file"),
        ("x = (", 4, "line 1: '(' was never closed"),
        ("1 / 0", 4, "line 1: ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", 4, "it exits the process (exit code 3)"),
    ],
)
def test_a_file_that_cannot_be_graded_gets_one_line(tmp_path, text, code, line):
    path = tmp_path / "answers.py"
    path.write_text(text)
    assert line in googlenet("exercise", "01", path, "--limit", 5, code=code)


def test_answers_of_a_wrong_kind_get_a_line_each(tmp_path):
    path = tmp_path / "answers.py"
    path.write_text(
        "print('x' * 50_000_000)\noutput_size = 3\nconv2_parameters = 'many'\n"
        "conv3_multiply_adds = float('nan')\ndef receptive_field(layers): return layers[7]\n"
        "def same_padding(n, kernel, stride): return 1, 2, 3\n"
    )
    said = googlenet("exercise", "01", path, code=1).splitlines()
    assert said == [
        "output_size: must be a function, but is of type int",
        "conv2_parameters: gives str where numbers are expected",
        "conv3_multiply_adds: the answer is not a finite number",
        "receptive_field: line 5: IndexError: list index out of range",
        "same_padding: the answer for (224, 7, 2) has the shape (3,), not (2,) "
        "(5 of 5 cases are wrong)",
        "0 of 5 exercises are right",
    ]
