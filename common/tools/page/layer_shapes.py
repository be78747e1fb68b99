"""Diagrams of layers: a node and its contents as boxes and lines, sized from its parts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common import spec
from common.spec import Size, pair
from common.spec.plan import Node

BOX, ROW, GAP, ASIDE = 92, 30, 16, 12


@dataclass(frozen=True)
class Box:
    """A box with its text; `kind` selects its colour."""

    x: float
    y: float
    width: float
    text: str
    kind: str
    height: float = ROW


@dataclass(frozen=True)
class Line:
    """A line from one point to another."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Picture:
    """Boxes and lines; the input enters at the middle of the top, the output leaves below."""

    width: float
    height: float
    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()

    def moved(self, x: float, y: float) -> "Picture":
        """The picture moved to the right by `x` and down by `y`."""
        boxes = [replace(box, x=box.x + x, y=box.y + y) for box in self.boxes]
        lines = [Line(a.x1 + x, a.y1 + y, a.x2 + x, a.y2 + y) for a in self.lines]
        return Picture(self.width, self.height, tuple(boxes), tuple(lines))

    def with_lines(self, lines: Sequence[Line]) -> "Picture":
        """The picture with more lines."""
        return replace(self, lines=(*self.lines, *lines))


def draw(node: Node) -> Picture:
    """The picture of a node: chains from top to bottom, branches side by side."""
    match node.layer:
        case spec.Concat():
            return beside([draw(child) for child in node.children], "concat")
        case spec.Residual():
            branch, *shortcut = (draw(child) for child in node.children)
            scale = "" if node.layer.scale == 1 else f" (branch x {node.layer.scale:g})"
            return beside([branch, *(shortcut or [one("input", "other")])], f"add{scale}")
        case spec.Chain() if node.children and not node.is_unit:
            shown = [alike for alike in repeats(node) if shows(alike[0])]
            return below([repeated(draw(first), 1 + len(more)) for first, *more in shown])
    return one(text(node), kind(node))


def repeats(node: Node) -> list[list[Node]]:
    """The node's children in groups, where consecutive identical blocks form one group."""
    found: list[list[Node]] = []
    for child in node.children:
        last = found[-1][-1] if found else None
        is_block = bool(child.children) and not child.is_unit
        if last and is_block and (last.layer, last.input) == (child.layer, child.input):
            found[-1].append(child)
        else:
            found.append([child])
    return found


def repeated(picture: Picture, times: int) -> Picture:
    """The picture of a part that occurs `times` times; framed with the count if more than once."""
    if times == 1:
        return picture
    width, bottom = picture.width + 2 * ASIDE, picture.height + 2 * GAP
    box = Box(0, bottom, width, f"x {times}", "repeat")
    sides = [Line(0, 0, width, 0), Line(0, 0, 0, bottom), Line(width, 0, width, bottom)]
    middle = width / 2
    ends = [Line(middle, 0, middle, GAP), Line(middle, bottom - GAP, middle, bottom)]
    frame = Picture(width, bottom + ROW, (box,), (*sides, *ends))
    return joined(frame, picture.moved(ASIDE, GAP))


def one(text: str, kind: str, width: float = BOX) -> Picture:
    """A single box."""
    return Picture(width, ROW, (Box(0, 0, width, text, kind),))


def below(parts: Sequence[Picture]) -> Picture:
    """Pictures stacked vertically and joined by lines."""
    width = max(part.width for part in parts)
    placed, y = Picture(width, 0), 0.0
    for part in parts:
        if y:
            placed = placed.with_lines([Line(width / 2, y - GAP, width / 2, y)])
        placed = joined(placed, part.moved((width - part.width) / 2, y))
        y += part.height + GAP
    return replace(placed, height=y - GAP)


def beside(parts: Sequence[Picture], how: str) -> Picture:
    """Pictures side by side, between one input and one output."""
    inner = sum(part.width for part in parts) + ASIDE * (len(parts) - 1)
    height = max(part.height for part in parts)
    bottom, x = 2 * GAP + height, 0.0
    placed = Picture(inner, bottom + ROW, (Box(0, bottom, inner, how, "join"),))
    middles = []
    for part in parts:
        middle = x + part.width / 2
        middles.append(middle)
        placed = joined(placed, part.moved(x, GAP))
        placed = placed.with_lines(
            [Line(middle, 0, middle, GAP), Line(middle, GAP + part.height, middle, bottom)]
        )
        x += part.width + ASIDE
    return placed.with_lines([Line(middles[0], 0, middles[-1], 0)])


def joined(one: Picture, other: Picture) -> Picture:
    """Both pictures in the frame of the first."""
    return replace(one, boxes=one.boxes + other.boxes, lines=one.lines + other.lines)


def shows(node: Node) -> bool:
    """Whether a node is drawn: batch norm, ReLU, dropout and flatten are not."""
    return not isinstance(node.layer, spec.BatchNorm | spec.ReLU | spec.Dropout | spec.Flatten)


def leading(node: Node) -> Node:
    """The first layer in a node, after which its box is named."""
    return leading(node.children[0]) if node.children else node


def text(node: Node) -> str:
    """The text in a box: the window and the number of output channels."""
    layer = leading(node).layer
    channels = node.output[0]
    match layer:
        case spec.Conv(kernel=kernel, stride=stride):
            return f"{window(kernel, stride)}, {channels}"
        case spec.DepthwiseConv(kernel=kernel, stride=stride):
            return f"{window(kernel, stride)} sep., {channels}"
        case spec.MaxPool(kernel, stride):
            return f"max {window(kernel, stride)}"
        case spec.AvgPool(kernel, stride):
            return f"avg {window(kernel, stride)}"
        case spec.AdaptiveAvgPool() | spec.GlobalAvgPool():
            return "global avg" if isinstance(layer, spec.GlobalAvgPool) else "adaptive avg"
        case spec.Linear(features):
            return f"linear, {features}"
        case spec.LRN():
            return "LRN"
        case spec.L2Norm():
            return "length 1"
    return type(layer).__name__


def window(kernel: Size, stride: Size) -> str:
    """A window as papers write it: 3x3, followed by /2 for a stride of 2."""
    step = pair(stride)[0]
    return "x".join(map(str, pair(kernel))) + (f"/{step}" if step > 1 else "")


def kind(node: Node) -> str:
    """The kind of box that represents a node, which selects its colour."""
    match leading(node).layer:
        case spec.Conv(kernel=kernel):
            largest = max(pair(kernel))
            return "one" if largest == 1 else "three" if largest == 3 else "large"
        case spec.DepthwiseConv():
            return "three"
        case spec.MaxPool() | spec.AvgPool() | spec.AdaptiveAvgPool() | spec.GlobalAvgPool():
            return "pool"
    return "other"
