"""Figures: a decorator that records which function built a block, and with which arguments.

From the record, `googlenet source` prints the block as a function or class with the same name,
arguments and docstring.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Figure:
    """The record of the function that built a block.

    It holds the function's name, the first line of its docstring and the arguments it was called
    with. Most blocks are figures in a paper, hence the name.
    """

    function: str = ""
    doc: str = ""
    arguments: Mapping[str, object] = field(default_factory=dict)


def figure(make: Callable[P, Made]) -> Callable[P, Made]:
    """Decorates a function that builds a block or a head: records the function in its result.

    The record is a `Figure`, stored in the block's field `figure`, or in that of the head's body.
    """
    doc, signature = (make.__doc__ or "").partition("\n")[0], inspect.signature(make)

    @wraps(make)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Made:
        made: Any = make(*args, **kwargs)
        about = Figure(make.__name__, doc, signature.bind(*args, **kwargs).arguments)
        if hasattr(made, "body"):
            return cast(Made, replace(made, body=replace(made.body, figure=about)))
        return cast(Made, replace(made, figure=about))

    return wrapped
