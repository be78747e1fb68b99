"""Which of the catalogue's differences between frameworks a step has a word for."""

from collections.abc import Callable

from common import spec
from common.plan import Node
from common.spec import Rule


def notes_of(node: Node) -> tuple[str, ...]:
    """The names of the notes on a step and all within it, in the catalogue's order."""
    found = {note for each in node.walk() for note in NOTES if NOTES[note](each)}
    return tuple(note for note in NOTES if note in found)


def uneven(node: Node) -> bool:
    """SAME padding that is not the same before and after."""
    own = getattr(node.word, "padding", 0) is Rule.SAME
    return own and any(before != after for before, after in node.pads)


def averages(node: Node, counted: bool) -> bool:
    """An average pool over a border."""
    word = node.word
    padded = any(max(pads) for pads in node.pads)
    return isinstance(word, spec.AvgPool) and padded and word.counts_border == counted


def has_eps(node: Node, eps: float) -> bool:
    """A batch norm with this eps."""
    return isinstance(node.word, spec.BatchNorm) and node.word.eps == eps


# Each is a row of docs/differences.md, by what the row says first.
NOTES: dict[str, Callable[[Node], bool]] = {
    "same": uneven,
    "ceil": lambda node: getattr(node.word, "padding", 0) is Rule.CEIL,
    "average": lambda node: averages(node, counted=False),
    "counted": lambda node: averages(node, counted=True),
    "lrn": lambda node: isinstance(node.word, spec.LRN),
    "eps": lambda node: has_eps(node, 1e-3),
    "small_eps": lambda node: has_eps(node, 1e-5),
    "flatten": lambda node: isinstance(node.word, spec.Flatten) and node.input[1:] != (1, 1),
    "linear": lambda node: isinstance(node.word, spec.Linear),
    "depthwise": lambda node: isinstance(node.word, spec.DepthwiseConv),
}
