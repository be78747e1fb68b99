"""The networks by name: each paper's table in a file of its own, with the dialects of it."""

from dataclasses import replace
from functools import cache

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
from common.spec import NetworkSpec, Shape, shape_text

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
    if name not in NETWORKS:
        raise UsageError(f"no network is called {name!r}; there are: {', '.join(NETWORKS)}")
    if classes is not None and classes < 0:
        raise UsageError(f"{classes} classes: give 0 for the features, or more")
    if input is not None and (len(input) != 3 or min(input) < 1):
        raise UsageError(f"an input is CxHxW, as 3x224x224, and not {shape_text(input)}")
    made = read_table(name, classes)
    if aux and not (made.heads and made.classes):
        raise UsageError(
            f"{name} with {made.classes} classes has no auxiliary heads; leave out aux"
        )
    return replace(made, input=input or made.input, aux=aux)


@cache
def read_table(name: str, classes: int | None) -> NetworkSpec:
    """The table as the network of that name reads it: many ask, and it is the same every time."""
    return NETWORKS[name].network(name, classes)
