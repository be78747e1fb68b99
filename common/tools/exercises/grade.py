"""Compares a student's answers with the right ones and with known mistakes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.tools.exercises.exercise import Answer, Exercise


@dataclass(frozen=True, kw_only=True)
class Grade:
    """The grade of one exercise; `line` says what is wrong, and is empty if nothing is."""

    name: str
    is_right: bool
    line: str = ""


def grade(exercise: Exercise, found: Arrays) -> Grade:
    """The grade for the answers that a worker reported."""
    problem = found.get(f"{exercise.name}!")
    if problem is not None:
        return Grade(name=exercise.name, is_right=False, line=problem.tobytes().decode())
    given = [found[f"{exercise.name}/{n}"] for n in range(len(exercise.cases))]
    wrong = [n for n in range(len(given)) if not equals(exercise, exercise.right, n, given[n])]
    if not wrong:
        return Grade(name=exercise.name, is_right=True)
    for mistake, line in exercise.mistakes:
        if all(equals(exercise, mistake, n, each) for n, each in enumerate(given)):
            return Grade(name=exercise.name, is_right=False, line=line)
    return Grade(name=exercise.name, is_right=False, line=remark(exercise, given, wrong))


def equals(exercise: Exercise, answer: Answer, case: int, given: NDArray) -> bool:
    """Whether a given answer is what a right or wrong one gives for a case."""
    expected = np.asarray(answer(*exercise.cases[case]), np.float64)
    if expected.shape != given.shape:
        return False
    return bool(np.allclose(given, expected, rtol=exercise.tolerance, atol=1e-12))


def remark(exercise: Exercise, given: list[NDArray], wrong: list[int]) -> str:
    """A remark on an answer that is not a known mistake."""
    case, answer = exercise.cases[wrong[0]], given[wrong[0]]
    expected = np.asarray(exercise.right(*case), np.float64)
    where = f" for {arguments(case)}" if case else ""
    count = f" ({len(wrong)} of {len(given)} cases are wrong)" if len(given) > 1 else ""
    if answer.shape != expected.shape:
        what = f"has the shape {answer.shape}, not {expected.shape}"
    elif not np.isfinite(answer).all():
        what = "is not a finite number"
    elif answer.size == 1:
        what = f"is {answer.item():,.6g}, which is too {'large' if answer > expected else 'small'}"
    else:
        what = "has wrong values"
    return f"the answer{where} {what}{count}"


def arguments(case: tuple) -> str:
    """The arguments of a case as text; arrays by their shape."""
    texts = [f"array {a.shape}" if isinstance(a, np.ndarray) else repr(a) for a in case]
    return f"({', '.join(texts)})"
