"""Grades the answers to the exercises of a chapter of the book; the `exercise` command."""

import ast
from pathlib import Path

from common.command.documents import print_json
from common.errors import CheckFailed, DataError, UsageError, UserError
from common.jobs.call import call
from common.jobs.frameworks import ALL, FRAMEWORKS
from common.tools.exercises.answer_jobs import Answers
from common.tools.exercises.chapters import CHAPTERS
from common.tools.exercises.grade import Grade, grade

PACKAGES = {ALL[name].package: name for name in FRAMEWORKS} | {"keras": "tensorflow"}


def grade_answers(chapter: str, file: Path, limit: float, as_json: bool) -> int:
    """Grades a file and prints the grades; returns the exit code."""
    job = Answers(framework=imported_framework(file), source=str(file), chapter=chapter)
    results = answers(job, limit)
    grades = [grade(each, results) for each in CHAPTERS[chapter]]
    show(grades, as_json)
    return 0 if all(each.is_right for each in grades) else 1


def answers(job: Answers, limit: float) -> dict:
    """The answers in a file; raises an error that names the file."""
    try:
        return call(job, limit).arrays
    except CheckFailed as error:  # it ran too long or crashed
        raise DataError(f"{job.source}: {error}") from None
    except UserError as error:
        if str(error).startswith(job.source):
            raise
        raise type(error)(f"{job.source}: {error}") from None


def imported_framework(file: Path) -> str:
    """The framework that a file imports; numpy if it imports none.

    Raises DataError for a file that cannot be read, UsageError for several frameworks.
    """
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise DataError(f"{file}, line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise DataError(f"{file}: not Python source code ({error})") from None
    frameworks = {PACKAGES[name] for name in imported(tree) if name in PACKAGES}
    if len(frameworks) > 1:
        raise UsageError(
            f"{file}: imports {' and '.join(sorted(frameworks))}; use one framework a file"
        )
    return frameworks.pop() if frameworks else "numpy"


def imported(tree: ast.Module) -> set[str]:
    """The top-level packages that a file imports anywhere."""
    packages = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            packages |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            packages.add(node.module.split(".")[0])
    return packages


def show(grades: list[Grade], as_json: bool) -> None:
    """Prints a line for each exercise, then how many are right."""
    if as_json:
        print_json([{"name": g.name, "right": g.is_right, "line": g.line} for g in grades])
        return
    for each in grades:
        print(f"{each.name}: {'right' if each.is_right else each.line}")
    print(f"{sum(each.is_right for each in grades)} of {len(grades)} exercises are right")
