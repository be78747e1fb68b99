"""The exercises of the book: their right answers, and the common wrong ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Answer = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """An exercise whose answer is a number, or a function of numbers, lists or arrays.

    `name` is the variable or function in the student's file. `right` computes the answer to each
    of `cases`, which are the arguments; a number is a function without arguments. `mistakes` are
    wrong answers, each with a line that says what is wrong without giving the answer. Numbers
    are compared within the relative `tolerance`.
    """

    name: str
    right: Answer
    cases: tuple[tuple, ...] = ((),)
    mistakes: tuple[tuple[Answer, str], ...] = ()
    tolerance: float = 1e-6

    @property
    def is_function(self) -> bool:
        """Whether the answer is a function rather than a number."""
        return self.cases != ((),)


def wrong(answer: object, line: str) -> tuple[Answer, str]:
    """A wrong answer, a number or a function, with what to say about it."""
    return answer if callable(answer) else lambda: answer, line
