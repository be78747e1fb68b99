"""The networks by name: each paper's table in a file of its own, with the dialects of it."""

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
from common.networks.dialects import Dialect
from common.spec import NetworkSpec, Shape

PAPERS = (googlenet, inception_v2, inception_v3, inception_v4, inception_resnet, xception)
NETWORKS: dict[str, Dialect] = {
    name: dialect for paper in PAPERS for name, dialect in paper.DIALECTS.items()
}
GOOGLENETS = tuple(googlenet.DIALECTS)


def network(
    name: str, input: Shape | None = None, classes: int | None = None, aux: bool = False
) -> NetworkSpec:
    """The network of that name, for an input C x H x W, so many classes, with or without heads.

    What is not said stays as published; 0 classes leave the pooled features. Raises UsageError
    for an unknown name, an impossible number, or heads that the network or its features lack.
    """
    if not isinstance(name, str) or name not in NETWORKS:
        raise UsageError(f"unknown network {shown(name)}; choose from: {', '.join(NETWORKS)}")
    if not isinstance(aux, bool | np.bool_):
        raise UsageError(f"aux must be True or False, and not {shown(aux)}")
    made = read_table(name, check_classes(classes))
    if aux and not (made.heads and made.classes):
        raise UsageError(
            f"{name} with {made.classes} classes has no auxiliary heads; leave out aux"
        )
    return replace(made, input=check_input(input) or made.input, aux=bool(aux))


def check_classes(classes: int | None) -> int | None:
    """The number of classes as an `int`; raises UsageError unless it is a whole number from 0."""
    if classes is None:
        return None
    try:
        count = whole_number(classes)
    except TypeError:
        raise UsageError(f"classes must be a whole number, and not {shown(classes)}") from None
    if count < 0:
        raise UsageError(f"{count} classes: give 0 for the features, or more")
    return count


def check_input(input: Shape | None) -> Shape | None:
    """The input as three `int`s; raises UsageError unless they are whole numbers from 1."""
    if input is None:
        return None
    try:
        shape = tuple(map(whole_number, input))
    except TypeError:
        shape = ()
    if len(shape) != 3 or min(shape) < 1:
        raise UsageError(
            f"input must be CxHxW in whole numbers, as (3, 224, 224), and not {shown(input)}"
        )
    return shape


def shown(value: object) -> str:
    """A value in one short line, whatever it is."""
    return " ".join(reprlib.repr(value).split())


def whole_number(value: object) -> int:
    """An integer of Python's, NumPy's or a framework's as an `int`; raises TypeError for others."""
    if isinstance(value, bool):
        raise TypeError("a truth value is no number here")
    return operator.index(value)  # type: ignore[arg-type]


@cache
def read_table(name: str, classes: int | None) -> NetworkSpec:
    """The table as the network of that name reads it: many ask, and it is the same every time."""
    return NETWORKS[name].network(name, classes)
