"""Finds the differences between frameworks, from the catalogue, that apply to a step."""

from collections.abc import Callable

from common import spec
from common.spec import Rule
from common.spec.plan import Node


def notes_of(node: Node) -> tuple[str, ...]:
    """The names of the notes on a step and its contents, in the catalogue's order."""
    found = {note for each in node.walk() for note in NOTES if NOTES[note](each)}
    return tuple(note for note in NOTES if note in found)


def uneven(node: Node) -> bool:
    """Whether a node has SAME padding that is unequal before and after."""
    own = getattr(node.layer, "padding", 0) is Rule.SAME
    return own and any(before != after for before, after in node.pads)


def averages(node: Node, counted: bool) -> bool:
    """Whether a node is a padded average pool whose `counts_border` equals `counted`."""
    layer = node.layer
    padded = any(max(pads) for pads in node.pads)
    return isinstance(layer, spec.AvgPool) and padded and layer.counts_border == counted


def has_eps(node: Node, eps: float) -> bool:
    """Whether a node is a batch norm with this eps."""
    return isinstance(node.layer, spec.BatchNorm) and node.layer.eps == eps


# Each note is a row of docs/differences.md, keyed by the row's subject.
NOTES: dict[str, Callable[[Node], bool]] = {
    "same": uneven,
    "ceil": lambda node: getattr(node.layer, "padding", 0) is Rule.CEIL,
    "average": lambda node: averages(node, counted=False),
    "counted": lambda node: averages(node, counted=True),
    "lrn": lambda node: isinstance(node.layer, spec.LRN),
    "eps": lambda node: has_eps(node, 1e-3),
    "small_eps": lambda node: has_eps(node, 1e-5),
    "flatten": lambda node: isinstance(node.layer, spec.Flatten) and node.input[1:] != (1, 1),
    "linear": lambda node: isinstance(node.layer, spec.Linear),
    "depthwise": lambda node: isinstance(node.layer, spec.DepthwiseConv),
}
