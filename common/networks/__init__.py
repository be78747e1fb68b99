"""The networks by name; the networks of each paper and their variants are defined in one module."""

import operator
import reprlib
from dataclasses import replace
from functools import cache

import numpy as np

from common.errors import UsageError
from common.networks import (
    googlenet,
    inception_resnet,
    inception_v2,
    inception_v3,
    inception_v4,
    xception,
)
from common.networks.overrides import Variant
from common.networks.subnetwork import fixed_window, subnetwork
from common.spec import NetworkSpec, Shape

PAPERS = (googlenet, inception_v2, inception_v3, inception_v4, inception_resnet, xception)
NETWORKS: dict[str, Variant] = {
    name: variant for paper in PAPERS for name, variant in paper.VARIANTS.items()
}
GOOGLENETS = tuple(googlenet.VARIANTS)


def network(
    name: str,
    input: Shape | None = None,
    classes: int | None = None,
    aux: bool = False,
    *,
    since: str | None = None,
    until: str | None = None,
    global_pool: bool = True,
) -> NetworkSpec:
    """Returns the spec of the network `name`.

    `input` is C x H x W, the shape of one image, or with `since` of the map that this layer takes.
    An argument of None keeps the published value; with 0 classes, the network outputs the pooled
    features; `aux` includes the auxiliary heads. `since` and `until` keep only the layers between
    these two; without `global_pool`, the last pool has the published window. Raises UsageError for
    an unknown name, an invalid argument, or `aux` for a network without heads or classes.
    """
    if not isinstance(name, str) or name not in NETWORKS:
        raise UsageError(f"unknown network {shown(name)}; choose from: {', '.join(NETWORKS)}")
    if not isinstance(aux, bool | np.bool_):
        raise UsageError(f"aux must be True or False, not {shown(aux)}")
    spec = published_spec(name, check_classes(classes))
    if not global_pool:
        spec = fixed_window(spec)
    if since is not None or until is not None:
        spec = subnetwork(spec, since, until)
    if aux and not (spec.heads and spec.classes):
        which = (
            " with since or until" if spec.omitted else "" if spec.classes else " with 0 classes"
        )
        raise UsageError(f"{name}{which} has no auxiliary heads; omit aux")
    return replace(spec, input=check_input(input) or spec.input, aux=bool(aux))


def check_classes(classes: int | None) -> int | None:
    """Returns the number of classes as an `int`; raises UsageError unless it is an integer >= 0."""
    if classes is None:
        return None
    try:
        count = whole_number(classes)
    except TypeError:
        raise UsageError(f"classes must be an integer, not {shown(classes)}") from None
    if count < 0:
        raise UsageError(f"{count} classes: give 0 for the features, or more")
    return count


def check_input(input: Shape | None) -> Shape | None:
    """Returns the input shape as three `int`s; raises UsageError unless they are integers >= 1."""
    if input is None:
        return None
    try:
        shape = tuple(map(whole_number, input))
    except TypeError:
        shape = ()
    if len(shape) != 3 or min(shape) < 1:
        raise UsageError(f"input must be three positive integers (C, H, W), not {shown(input)}")
    return shape


def shown(value: object) -> str:
    """The `repr` of a value, shortened and on one line."""
    return " ".join(reprlib.repr(value).split())


def whole_number(value: object) -> int:
    """Converts a Python, NumPy or framework integer to `int`; raises TypeError for other values."""
    if isinstance(value, bool):
        raise TypeError("a number is expected, not True or False")
    return operator.index(value)  # type: ignore[arg-type]


@cache
def published_spec(name: str, classes: int | None) -> NetworkSpec:
    """Returns the spec of a network as published; cached, since it is needed often."""
    return NETWORKS[name].network(name, classes)
