"""Blocks: a decorator that records which function built a block, and with which arguments.

From the record, `googlenet source` prints the block as a function or class that is named after it,
with the same arguments and docstring.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
Built = TypeVar("Built")


@dataclass(frozen=True, kw_only=True)
class BuiltBy:
    """The record of the function that built a block.

    It holds the function's name, the first line of its docstring and the arguments it was called
    with.
    """

    function: str = ""
    doc: str = ""
    arguments: Mapping[str, object] = field(default_factory=dict)


def block(make: Callable[P, Built]) -> Callable[P, Built]:
    """Decorates a function that builds a block or a head: records the function in its result.

    The record is a `BuiltBy`, in the field `built_by` of the block, or of the head's body.
    """
    doc, signature = (make.__doc__ or "").partition("\n")[0], inspect.signature(make)

    @wraps(make)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Built:
        built: Any = make(*args, **kwargs)
        record = BuiltBy(
            function=make.__name__, doc=doc, arguments=signature.bind(*args, **kwargs).arguments
        )
        if hasattr(built, "body"):
            return cast(Built, replace(built, body=replace(built.body, built_by=record)))
        return cast(Built, replace(built, built_by=record))

    return wrapped
