"""Functions of a framework that can be replaced for a while, wherever they have been imported."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

Place = tuple[Any, str]  # a module or class, and the name of a function in it
Function = Callable[..., Any]


class Functions:
    """Functions by their places; `own` are what they were."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.own: dict[Place, Function] = {place: getattr(*place) for place in places}
        self.now = dict(self.own)

    def divert(self) -> None:
        """Has them replaced, in time, in files too that are imported later and name them."""
        for place in self.own:
            setattr(*place, self.diverted(place))

    def diverted(self, place: Place) -> Function:
        """A function that calls what stands at a place at the time."""

        @wraps(self.own[place])
        def called(*given: Any, **named: Any) -> Any:
            return self.now[place](*given, **named)

        return called

    @contextmanager
    def replaced(self, new: Mapping[Place, Function]) -> Iterator[None]:
        """Has these functions called in their places while it is open."""
        before = self.now
        self.now = {**before, **new}
        try:
            yield
        finally:
            self.now = before
