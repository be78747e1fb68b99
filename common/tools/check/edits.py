"""A place where a user's network and a plan differ, and the edit of the graph at an op."""

from dataclasses import dataclass, replace

from common.tools.check.graph import Graph, Values
from common.tools.check.trace import Array, Call


@dataclass(frozen=True)
class Place:
    """A place where the op `reader` has a different input in the graph and in the user's network.

    `found` is its input in the user's network. `names` are the ops that lead to it and may be
    edited, nearest first: those whose output no other layer of the user's network reads. `forced`
    holds outputs taken from the user's network, `known` those and the outputs computed from them.
    `free` are layers that ran and match no op.
    """

    graph: Graph
    reader: str
    names: list[str]
    forced: Values
    known: Values
    found: Array
    free: list[Call]
    digits: int


def edit(graph: Graph, name: str, **changes: object) -> Graph:
    """Returns the graph with one op changed."""
    return graph | {name: replace(graph[name], **changes)}  # type: ignore[arg-type]
