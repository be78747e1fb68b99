"""Runs a student's file, and asks its variables and functions for the answers."""

import copy
import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from common.arrays import Arrays
from common.errors import DataError, MissingFramework
from common.jobs.frameworks import ALL
from common.jobs.job import Report
from common.tools.check.check_work import limit_memory
from common.tools.check.source_lines import what_happened
from common.tools.exercises.answer_jobs import Answers
from common.tools.exercises.chapters import CHAPTERS
from common.tools.exercises.exercise import Exercise


class Unanswered(Exception):
    """There is no answer, or one of a wrong type; the message says so."""


def answers(job: Answers) -> Report:
    """The answers in a file; raises DataError if the file cannot be run."""
    began = time.perf_counter()
    path = Path(job.source).resolve()
    limit_memory()
    module = load_answers(job, path)
    imported = time.perf_counter()
    found: Arrays = {}
    for exercise in CHAPTERS[job.chapter]:
        try:
            found |= ask(module, exercise)
        except Unanswered as error:
            found[f"{exercise.name}!"] = as_bytes(str(error))
        except BaseException as error:  # the student's code may raise anything
            text = what_happened(error, str(path)).lstrip(",: ")
            found[f"{exercise.name}!"] = as_bytes(text)
    return Report(
        arrays=found,
        version="",
        parameters=0,
        import_seconds=imported - began,
        seconds=time.perf_counter() - imported,
    )


def load_answers(job: Answers, path: Path) -> ModuleType:
    """The student's file as a module.

    Its folder is not searched for modules, so that a file named paddle.py does not hide Paddle.
    """
    spec = importlib.util.spec_from_file_location("answers_of_yours", path)
    if spec is None or spec.loader is None:
        raise DataError(f"{job.source}: Python cannot import this file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        if isinstance(error, ImportError) and error.name == ALL[job.framework].package:
            reason = f"{job.framework} is not installed; pip install '.[{job.framework}]'"
            raise MissingFramework(f"{job.source}: {reason}") from None
        raise DataError(f"{job.source}{what_happened(error, str(path))}") from None
    return module


def ask(module: ModuleType, exercise: Exercise) -> Arrays:
    """The answer to each case of an exercise, as arrays; raises Unanswered if there is none."""
    answer = getattr(module, exercise.name, None)
    if answer is None or answer is ...:
        raise Unanswered(f"has no answer yet; set {exercise.name} in the file")
    if callable(answer) != exercise.is_function:
        kind = "a function" if exercise.is_function else "a number"
        raise Unanswered(f"must be {kind}, but is of type {type(answer).__name__}")
    if not exercise.is_function:
        return {f"{exercise.name}/0": as_array(answer)}
    given = [answer(*copy.deepcopy(case)) for case in exercise.cases]
    if all(each is None or each is ... for each in given):
        raise Unanswered("has no answer yet; it returns nothing")
    return {f"{exercise.name}/{n}": as_array(each) for n, each in enumerate(given)}


def as_array(value: Any) -> np.ndarray:
    """A number, a sequence or any framework's tensor as an array of float64."""
    if hasattr(value, "detach"):
        value = value.detach()
    if hasattr(value, "numpy"):
        value = value.numpy()
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise Unanswered(f"gives {type(value).__name__} where numbers are expected") from None


def as_bytes(text: str) -> np.ndarray:
    """A text as an array of its bytes."""
    return np.frombuffer(text.encode(), np.uint8)
