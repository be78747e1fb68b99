"""The branches whose outputs a layer concatenates."""

from collections.abc import Iterator
from dataclasses import dataclass

from common.spec import Concat
from common.spec.plan import Node


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One branch of a layer: its last layers, and the channels that it computes."""

    node: Node
    first: int
    last: int  # exclusive


def branches_of(layer: Node) -> list[Branch]:
    """The branches of a layer in the order of their channels, those of concats inside included.

    A layer that does not end in a concat has one branch, itself.
    """
    branches, first = [], 0
    for node in ends(layer):
        branches.append(Branch(node=node, first=first, last=first + node.output[0]))
        first += node.output[0]
    return branches


def ends(node: Node) -> Iterator[Node]:
    """Yields the nodes whose outputs are concatenated at the end of `node`."""
    if isinstance(node.source.layer, Concat):
        for child in node.source.children:
            yield from ends(child)
    else:
        yield node
