"""The diagram of a whole network as the papers draw it: branches, sums, repeats, heads aside."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from common.spec import shape_text
from common.spec.plan import Node, Plan
from common.tools.page.environment import environment
from common.tools.page.layer_shapes import (
    Line,
    Picture,
    Style,
    brief,
    draw,
    kind,
    one,
    short_text,
    shows,
)
from common.tools.page.phrases import box_texts, read

MIDDLE, LABELS, ASIDE, GAP = 228.0, 4.0, 352.0, 12.0  # the x of three columns; between steps
WIDTH, IMAGE, HEAD = 424.0, 84.0, 68.0
LEGEND = ("one", "three", "large", "separable", "pool", "norm", "linear", "join")
BROADEST = 228.0  # of a step
LETTER = 4.7  # of the text in small boxes
WIDE = 1.7  # a Chinese letter, in Latin ones


@dataclass(frozen=True)
class Piece:
    """A step or head of the diagram: where it begins and what is drawn of it."""

    node: Node
    top: float
    picture: Picture
    after: str = ""  # for a head, the step from which it hangs

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.top + self.picture.height


@dataclass(frozen=True, kw_only=True)
class Diagram:
    """The pieces of a network from top to bottom, the lines between them, and the size."""

    pieces: tuple[Piece, ...]
    lines: tuple[Line, ...]
    height: float
    width: float = WIDTH


def lay_out(plan: Plan) -> Diagram:
    """Places every step of the body in the middle, and every head beside the next steps."""
    small, plain = styles(plan)
    steps, lines, y = [], [], IMAGE + 2 * GAP
    for node in filter(shows, plan.body.children):
        is_block = bool(node.children) and not node.is_conv_unit
        picture = draw(node, small) if is_block else one(node, plain, kind(node))
        picture = picture.moved(MIDDLE - picture.width / 2, y)
        lines.append(Line(x1=MIDDLE, y1=y - GAP, x2=MIDDLE, y2=y))
        steps.append(Piece(node, y, picture))
        y += picture.height + GAP
    lines.append(Line(x1=MIDDLE, y1=y - GAP, x2=MIDDLE, y2=y))
    heads = [hang(plan, name, head, steps) for name, head in plan.heads.items()]
    for head in heads:
        lines += hanging_lines(head, steps)
    height = max([y + 30, *(head.bottom + GAP for head in heads)])
    return Diagram(pieces=(*steps, *heads), lines=tuple(lines), height=height)


def styles(plan: Plan) -> tuple[Style, Style]:
    """The styles of boxes inside blocks, and of steps; both are wider for more channels."""
    most = max(node.output[0] for node in plan.body.walk() if node.is_map)
    blocks = [node for node in plan.body.children if node.children and not node.is_conv_unit]

    def inner(node: Node) -> float:
        return max(24 + 26 * sqrt(node.output[0] / most), LETTER * letters(brief(node)) + 7)

    def outer(node: Node) -> float:
        return 64 + 120 * sqrt(min(1.0, node.output[0] / most))

    small = Style(row=13, gap=6, aside=5, width=inner, text=brief)
    broadest = max((draw(node, small).width for node in blocks), default=0.0)
    share = min(1.0, BROADEST / max(broadest, 1.0))
    small = replace(small, aside=5 * share, width=lambda node: share * inner(node))
    return small, Style(row=18, gap=6, aside=5, width=outer, text=short_text)


def letters(words: str) -> float:
    """The width of a box's text, in Latin letters, in the language in which it is wider."""
    return max(
        sum(WIDE if letter > "\u2e80" else 1 for letter in each) for each in box_texts(words)
    )


def hang(plan: Plan, name: str, head: Node, steps: list[Piece]) -> Piece:
    """A head beside the steps that follow the one from which it hangs."""
    after = plan.spec.heads[name].after
    [step] = [piece for piece in steps if piece.node.path == after]
    style = Style(row=13, gap=5, aside=5, width=lambda _: HEAD, text=short_text)
    y = step.bottom + GAP / 2 + 20
    drawn = draw(head, style)
    return Piece(head, y, drawn.moved(ASIDE, y), after)


def hanging_lines(head: Piece, steps: list[Piece]) -> Iterator[Line]:
    """The lines from a step's output to a head."""
    [step] = [piece for piece in steps if piece.node.path == head.after]
    y, x = step.bottom + GAP / 2, ASIDE + HEAD / 2
    yield Line(x1=MIDDLE, y1=y, x2=x, y2=y)
    yield Line(x1=x, y1=y, x2=x, y2=head.top)


def network_diagram(
    plan: Plan,
    photograph: str = "",
    label: Sequence[str] = ("", ""),
    abouts: Mapping[str, Sequence[str]] | None = None,
    classes: Mapping[str, str] | None = None,
) -> str:
    """The diagram as SVG.

    `photograph` is a data URI. `label` names the diagram, and `abouts` describes each step that is
    a link, by path, both in each language; `classes` says what comes out at the end, by language.
    """
    template = environment().get_template("diagram.svg")
    sizes = {"middle": MIDDLE, "image": IMAGE, "aside": ASIDE, "gap": GAP}
    return template.render(
        drawn=lay_out(plan),
        photograph=photograph,
        label=label,
        abouts=abouts or {},
        classes=classes or {"en": f"{plan.spec.classes} classes"},
        input=shape_text(plan.spec.input),
        **sizes,
    )


def kinds(plan: Plan) -> list[str]:
    """The kinds of boxes in the diagram, in the order of the legend."""
    found = {box.kind for piece in lay_out(plan).pieces for box in piece.picture.boxes}
    return [each for each in LEGEND if each in found]


def standalone(drawn: str) -> str:
    """A drawing as a file of its own, with its colours, on white; for any program."""
    box = re.search(r'viewBox="([-\d.]+) ([-\d.]+) ([-\d.]+) ([-\d.]+)"', drawn)
    assert box
    x, y, width, height = box.groups()
    colours = dict(re.findall(r"(--\w+): light-dark\((#\w+),", read("colours.css")))
    style = re.sub(r"var\((--\w+)\)", lambda found: colours[found[1]], read("drawing.css"))
    ground = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="#fff"/>'
    drawn = re.sub(r'\s*<text [^>]*lang="zh".*?</text>', "", drawn, flags=re.DOTALL)
    drawn = re.sub(r' data-label-\w+="[^"]*"', "", drawn)
    opened = f'<svg width="{width}" height="{height}" '
    drawn = re.sub(r"<svg ", opened, drawn, count=1)
    return re.sub(r"(<svg [^>]*>)", rf"\g<1><style>{style}</style>{ground}", drawn, count=1)
