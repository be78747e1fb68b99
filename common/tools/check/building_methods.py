"""The methods by which classes of a user's file build a network, such as `GoogLeNet.build`."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from common.tools.check.arguments import parameters_of
from common.tools.check.making import Maker

BUILDS = re.compile(r"(build|create|make|get|model|call|forward|.*net).*", re.IGNORECASE)


def built_by(
    maker: Maker, kinds: dict[str, type], networks: dict[str, type]
) -> dict[str, Callable]:
    """The methods by which classes may build a network; of a network, those without parameters."""
    found: dict[str, Callable] = {}
    for name, kind in kinds.items():
        if name not in networks:
            found[name] = kind
        for method, thing in vars(kind).items():
            is_builder = BUILDS.match(method.removeprefix(f"_{name}").strip("_"))
            if name in networks and (name in maker.failed or len(parameters_of(thing)) > 0):
                continue
            if is_builder and is_static(thing):
                found[f"{name}.{method}"] = getattr(kind, method)
            elif is_builder and inspect.isfunction(thing):
                own = maker_of(maker, name, kind, method)
                found |= {f"{name}().{method}": own} if own else {}
    return found


def is_static(method: Any) -> bool:
    """Whether a method is called on the class: also a function without any parameter."""
    is_plain = inspect.isfunction(method) and not inspect.signature(method).parameters
    return is_plain or isinstance(method, staticmethod | classmethod)


def maker_of(maker: Maker, name: str, kind: type, method: str) -> Callable | None:
    """The method of a new object of a class; None if the object cannot be made."""
    try:
        given = maker.with_input(next(maker.argument_sets(kind)))
        return getattr(kind(**given), method)  # type: ignore[no-any-return]
    except BaseException as error:
        maker.failed[name] = error
        return None
