"""Homework as students write it, a few mistakes in each: every decision is named once, with lines.

The first line of each file says what is wrong in it.
"""

from pathlib import Path

import pytest
from test_check import check

FOLDER = Path(__file__).parents[2] / "people" / "homework"
SAME = ("convention", "convolution: padding", 1)
NORM = ("convention", "batch norm after every convolution", 114)
RELU = ("mistake", "ReLU replaced", 57)
POOL = ("mistake", "max pool replaced", 9)
# The decisions in each file: kind, name and number of places, and a line to look at.
HOMEWORK = {
    "pytorch_1": [
        ("convention", "max pool: padding", 4, 24),
        ("convention", "ReLU missing", 18, 10),
        ("choice", "dropout missing", 1, 38),
    ],
    "pytorch_2": [
        ("mistake", "modules swapped", 2, 32),
        (*RELU, 11),
        (*POOL, 20),
        ("mistake", "extra softmax", 1, 33),
    ],
    "pytorch_3": [
        ("convention", "group norm after every convolution", 114, 11),
        ("mistake", "convolution: padding", 1, 37),
    ],
    "pytorch_4": [
        ("choice", "each channel scaled and shifted", 1, 30),
        ("mistake", "convolution: kernel", 9, 12),
        ("mistake", "weights shared", 6, 35),
        ("choice", "dropout: place", 1, 39),
    ],
    "tensorflow_1": [
        (*SAME, 19),
        ("convention", "ReLU missing", 1, 19),
        ("convention", "max pool: padding", 1, 20),
        ("convention", "extra softmax", 1, 37),
    ],
    "tensorflow_2": [
        ("mistake", "module missing", 1, 28),
        ("choice", "all values times 0.00392157", 1, 24),
        (*SAME, 25),
    ],
    "tensorflow_3": [
        (*NORM, 8),
        (*SAME, 23),
        (*RELU, 9),
        ("mistake", "order of branches", 9, 29),
        ("choice", "dropout: rate", 1, 32),
    ],
    "tensorflow_4": [
        (*SAME, 26),
        ("mistake", "ReLU missing", 9, 15),
        ("mistake", "max pool missing", 1, 32),
        ("mistake", "global average pool replaced", 1, 37),
        ("choice", "dropout: rate", 1, 37),
    ],
    "paddle_1": [
        (*RELU, 10),
        ("convention", "max pool: padding", 1, 32),
        ("mistake", "convolution: kernel", 1, 30),
    ],
    "paddle_2": [  # without places in the stem, which is different
        ("convention", "batch norm after every convolution", 108, 7),
        ("convention", "batch norm: eps in all", 54, 7),
        ("mistake", "different stem", 8, 29),
        (*POOL, 17),
        ("mistake", "convolution: channels", 4, 34),
        ("mistake", "extra sigmoid", 1, 36),
    ],
    "paddle_3": [
        ("mistake", "convolution: padding", 1, 31),
        ("mistake", "max pool in a different place", 9, 21),
        ("mistake", "order of branches", 9, 33),
    ],
    "paddle_4": [
        ("convention", "ReLU missing", 1, 28),
        ("mistake", "extra linear layer", 1, 36),
    ],
}
AT_224 = ("tensorflow_1", "tensorflow_2")  # the files say so
SHORT = ("pytorch_1", "tensorflow_4", "paddle_1")  # mutants need the first and the last
CASES = [pytest.param(name, marks=[] if name in SHORT else [pytest.mark.long]) for name in HOMEWORK]


@pytest.mark.parametrize("name", CASES)
def test_every_decision_is_named_once_with_a_line(tmp_path, name):
    file = tmp_path / f"{name}.py"
    file.write_text((FOLDER / f"{name}.txt").read_text())
    size = () if name in AT_224 else ("--input", "3x96x96")
    found = check(str(file), *size, "--network", "googlenet", code=1)
    named = [(each["kind"], each["what"], len(each["places"])) for each in found["differences"]]
    assert named == [each[:3] for each in HOMEWORK[name]]
    for each, (*_, line) in zip(found["differences"], HOMEWORK[name], strict=True):
        assert line in each["lines"], each
    assert (found["verdict"], found["unused"]) == ("differs", [])


def test_each_file_is_checked():
    assert sorted(HOMEWORK) == sorted(each.stem for each in FOLDER.iterdir())
