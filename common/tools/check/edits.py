"""A place where a user's network and a plan differ, and the edit of the graph at an op."""

from dataclasses import dataclass, replace

from common import spec
from common.spec import Layer
from common.tools.check.graph import Graph, Op, Other, Values, value, value_read, where_it_fits
from common.tools.check.trace import Array, LayerCall

Slot = tuple[str, str]  # where a step may be inserted: an op, and whether before or after it


@dataclass(frozen=True, kw_only=True)
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
    free: list[LayerCall]
    digits: int


def edit(graph: Graph, name: str, **changes: object) -> Graph:
    """Returns the graph with one op changed."""
    return graph | {name: replace(graph[name], **changes)}  # type: ignore[arg-type]


def put(graph: Graph, slot: Slot, layer: Layer | Other) -> Graph:
    """Returns the graph with one more step at a slot."""
    name, side = slot
    return edit(graph, name, **{side: (*getattr(graph[name], side), layer)})


def value_at(place: Place, slot: Slot) -> Array | None:
    """The feature map at a slot; None where a layer does not fit."""
    find = value_read if slot[1] == "before" else value
    return where_it_fits(find, place.graph, slot[0], dict(place.known))


@dataclass(frozen=True, kw_only=True)
class Learned:
    """An op as in the plan and as found, without inputs, its path in its module, and their order.

    `order` are the places of its inputs in the plan's, if they are the same in another order.
    """

    was: Op
    new: Op
    path: str
    order: tuple[int, ...]

    def fits(self, name: str, op: Op) -> bool:
        """Whether an op is like the one that was found; joined branches may have other widths."""
        if self.order != (*sorted(self.order),):
            is_join = isinstance(op.layer, spec.Concat) and self.was.layer == self.new.layer
            is_like = is_join and len(self.order) == len(op.inputs)
            return is_like and self.path == path_inside(name)
        return self.was == replace(op, inputs=()) and len(self.order) == len(op.inputs)

    def applied(self, op: Op) -> Op:
        """An op edited in the same way."""
        layer = op.layer if self.was.layer == self.new.layer else self.new.layer
        return replace(self.new, layer=layer, inputs=tuple(op.inputs[n] for n in self.order))


def path_inside(name: str) -> str:
    """The path of an op in its module."""
    return name.partition(".")[2]
