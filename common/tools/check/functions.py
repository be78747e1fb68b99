"""Functions of a framework that can be replaced temporarily, wherever they are imported."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

Place = tuple[Any, str]  # a module or class, and the name of a function in it
Function = Callable[..., Any]


class Functions:
    """Replaceable functions by place; `own` holds the original functions, `now` those called."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.own: dict[Place, Function] = {place: getattr(*place) for place in places}
        self.now = dict(self.own)

    def divert(self) -> None:
        """Makes the functions replaceable, even in files that import them by name from now on."""
        for place in self.own:
            setattr(*place, self.diverted(place))

    def diverted(self, place: Place) -> Function:
        """A function that calls the current function for a place."""

        @wraps(self.own[place])
        def called(*given: Any, **named: Any) -> Any:
            return self.now[place](*given, **named)

        return called

    @contextmanager
    def replaced(self, new: Mapping[Place, Function]) -> Iterator[None]:
        """Calls these functions in place of the originals inside the `with` block."""
        before = self.now
        self.now = {**before, **new}
        try:
            yield
        finally:
            self.now = before
