"""Layers as boxes and lines: a node and its contents, drawn large or small."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from common import spec
from common.spec import Size, pair, shape_text
from common.spec.plan import Node


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box with its text; `kind` selects its colour, and `about` describes it."""

    x: float
    y: float
    width: float
    height: float
    text: str
    kind: str
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line from one point to another."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, kw_only=True)
class Style:
    """The sizes of a drawing: a row's height, the gaps below and beside it, and a box's width."""

    row: float
    gap: float
    aside: float
    width: Callable[[Node], float]
    text: Callable[[Node], str]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Boxes and lines; the input enters at the middle of the top, the output leaves below."""

    width: float
    height: float
    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()

    def moved(self, x: float, y: float) -> "Picture":
        """The picture moved to the right by `x` and down by `y`."""
        boxes = [replace(box, x=box.x + x, y=box.y + y) for box in self.boxes]
        lines = [Line(x1=a.x1 + x, y1=a.y1 + y, x2=a.x2 + x, y2=a.y2 + y) for a in self.lines]
        return Picture(width=self.width, height=self.height, boxes=tuple(boxes), lines=tuple(lines))

    def with_lines(self, lines: Sequence[Line]) -> "Picture":
        """The picture with more lines."""
        return replace(self, lines=(*self.lines, *lines))


def draw(node: Node, style: Style) -> Picture:
    """The picture of a node: chains from top to bottom, branches side by side."""
    match node.layer:
        case spec.Concat():
            parts = [draw(child, style) for child in node.children]
            return beside(parts, sum_text(node), style)
        case spec.Residual(scale=scale):
            branch, *shortcut = (draw(child, style) for child in node.children)
            passed = Picture(width=style.aside, height=0)  # a line only
            text = "x + f(x)" if scale == 1 else f"x + {scale:g} f(x)"
            return beside([branch, *(shortcut or [passed])], text, style)
        case spec.Chain() if node.children and not node.is_conv_unit:
            shown = [alike for alike in repeats(node) if shows(alike[0])]
            parts = [repeated(draw(first, style), 1 + len(more), style) for first, *more in shown]
            return below(parts, style)
    return one(node, style, kind(node))


def sum_text(node: Node) -> str:
    """The channels that a concat joins: 192 + 208 + 48 + 64 = 512."""
    return f"{' + '.join(str(child.output[0]) for child in node.children)} = {node.output[0]}"


def repeats(node: Node) -> list[list[Node]]:
    """The node's children in groups, where consecutive identical blocks form one group."""
    found: list[list[Node]] = []
    for child in node.children:
        last = found[-1][-1] if found else None
        is_block = bool(child.children) and not child.is_conv_unit
        if last and is_block and (last.layer, last.input) == (child.layer, child.input):
            found[-1].append(child)
        else:
            found.append([child])
    return found


def repeated(picture: Picture, times: int, style: Style) -> Picture:
    """The picture of a part that occurs `times` times; framed with the count if more than once."""
    if times == 1:
        return picture
    width, bottom = picture.width + 2 * style.aside, picture.height + 2 * style.gap
    box = Box(x=0, y=bottom, width=width, height=style.row, text=f"× {times}", kind="repeat")
    sides = [
        Line(x1=0, y1=0, x2=width, y2=0),
        Line(x1=0, y1=0, x2=0, y2=bottom),
        Line(x1=width, y1=0, x2=width, y2=bottom),
    ]
    middle = width / 2
    ends = [
        Line(x1=middle, y1=0, x2=middle, y2=style.gap),
        Line(x1=middle, y1=bottom - style.gap, x2=middle, y2=bottom),
    ]
    frame = Picture(width=width, height=bottom + style.row, boxes=(box,), lines=(*sides, *ends))
    return both_pictures(frame, picture.moved(style.aside, style.gap))


def one(node: Node, style: Style, kind: str) -> Picture:
    """A single box."""
    about = f"{node.path}: {short_text(node)} → {shape_text(node.output)}"
    width = style.width(node)
    return Picture(
        width=width,
        height=style.row,
        boxes=(
            Box(
                x=0,
                y=0,
                width=width,
                height=style.row,
                text=style.text(node),
                kind=kind,
                about=about,
            ),
        ),
    )


def below(parts: Sequence[Picture], style: Style) -> Picture:
    """Pictures stacked vertically and joined by lines."""
    width = max(part.width for part in parts)
    placed, y = Picture(width=width, height=0), 0.0
    for part in parts:
        if y:
            placed = placed.with_lines([Line(x1=width / 2, y1=y - style.gap, x2=width / 2, y2=y)])
        placed = both_pictures(placed, part.moved((width - part.width) / 2, y))
        y += part.height + style.gap
    return replace(placed, height=y - style.gap)


def beside(parts: Sequence[Picture], how: str, style: Style) -> Picture:
    """Pictures side by side, between one input and one output."""
    inner = sum(part.width for part in parts) + style.aside * (len(parts) - 1)
    height, gap = max(part.height for part in parts), style.gap
    bottom, x = 2 * gap + height, 0.0
    box = Box(x=0, y=bottom, width=inner, height=style.row, text=how, kind="join")
    placed = Picture(width=inner, height=bottom + style.row, boxes=(box,))
    middles = []
    for part in parts:
        middle = x + part.width / 2
        middles.append(middle)
        placed = both_pictures(placed, part.moved(x, gap))
        ends = [(0.0, gap), (gap + part.height, bottom)]
        placed = placed.with_lines([Line(x1=middle, y1=a, x2=middle, y2=b) for a, b in ends])
        x += part.width + style.aside
    return placed.with_lines([Line(x1=middles[0], y1=0, x2=middles[-1], y2=0)])


def both_pictures(one: Picture, other: Picture) -> Picture:
    """Both pictures in the frame of the first."""
    return replace(one, boxes=one.boxes + other.boxes, lines=one.lines + other.lines)


def shows(node: Node) -> bool:
    """Whether a node is drawn: batch norm, ReLU, dropout and flatten are not."""
    return not isinstance(node.layer, spec.BatchNorm | spec.ReLU | spec.Dropout | spec.Flatten)


def leading(node: Node) -> Node:
    """The first layer in a node, whose name its box takes."""
    return leading(node.children[0]) if node.children else node


def short_text(node: Node) -> str:
    """A layer in short: its window and the number of output channels."""
    layer = leading(node).layer
    counted = spec.Conv | spec.DepthwiseConv | spec.Linear
    channels = f", {node.output[0]}" if isinstance(layer, counted) else ""
    return f"{brief(node)}{channels}"


def brief(node: Node) -> str:
    """The shortest text for a layer: its kind, if it is not a convolution, and its window."""
    match leading(node).layer:
        case spec.Conv(kernel=kernel, stride=stride):
            return window(kernel, stride)
        case spec.DepthwiseConv(kernel=kernel, stride=stride):
            return f"{window(kernel, stride)} sep."
        case spec.MaxPool(kernel, stride):
            return f"max {window(kernel, stride)}"
        case spec.AvgPool(kernel, stride):
            return f"avg {window(kernel, stride)}"
        case spec.AdaptiveAvgPool():
            return "adaptive avg"
        case spec.GlobalAvgPool():
            return "global avg"
        case spec.Linear():
            return "linear"
        case spec.LRN():
            return "LRN"
        case spec.L2Norm():
            return "L2 norm"
        case other:
            return type(other).__name__


def window(kernel: Size, stride: Size) -> str:
    """A window as papers write it: 3×3, followed by /2 for a stride of 2."""
    step = pair(stride)[0]
    return "×".join(map(str, pair(kernel))) + (f"/{step}" if step > 1 else "")


def kind(node: Node) -> str:
    """The kind of box that represents a node, which selects its colour."""
    match leading(node).layer:
        case spec.Conv(kernel=kernel):
            largest = max(pair(kernel))
            return "one" if largest == 1 else "three" if largest == 3 else "large"
        case spec.DepthwiseConv():
            return "separable"
        case spec.MaxPool() | spec.AvgPool() | spec.AdaptiveAvgPool() | spec.GlobalAvgPool():
            return "pool"
        case spec.LRN() | spec.BatchNorm() | spec.L2Norm():
            return "norm"
        case spec.Linear():
            return "linear"
    return "other"


LARGE = Style(row=30, gap=16, aside=12, width=lambda _: 92, text=short_text)
