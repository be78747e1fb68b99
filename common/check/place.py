"""A place where a user's network and a table part, and edits of the graph there."""

from dataclasses import dataclass, replace

from common.check.graph import Graph, Values
from common.check.trace import Array, Call


@dataclass(frozen=True)
class Place:
    """What `reader` reads in the user's network is `found`, and in the graph it is not.

    `names` are the ops that lead to it and may be edited, the nearest first: those whose output
    no other layer of the user's reads. `forced` are outputs that are the user's own, `known` those
    and what was computed of them; `free` are layers that ran and are not the table's.
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
    """The graph with one op changed."""
    return graph | {name: replace(graph[name], **changes)}  # type: ignore[arg-type]
