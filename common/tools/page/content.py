"""The content of a page as data; the templates only lay it out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.spec import shape_text
from common.spec.plan import Node, Plan
from common.tools.analysis.receptive_field import Reach
from common.tools.page.layer_shapes import LARGE, Picture, draw, repeats, short_text, shows
from common.tools.page.notes import Measurements, Note, notes_of
from common.tools.page.source_excerpts import Excerpt, excerpts


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One row of a step's table: a block, a pool, or a convolution with its batch norm and ReLU.

    If it represents `times` identical blocks, up to the one at `last`, its numbers are for one.
    """

    path: str
    text: str
    output: str
    parameters: int
    multiply_adds: int
    times: int = 1
    last: str = ""


@dataclass(frozen=True, kw_only=True)
class PageStep:
    """A step of the body, or a head: its path, its output and its contents.

    `after` names the step to which a head is attached; `notes` come from the catalogue of
    differences; `code` is keyed by framework.
    """

    path: str
    text: str
    input: str
    output: str
    channels: int
    parameters: int
    multiply_adds: int
    field: int
    depth: int
    after: str
    notes: tuple[Note, ...]
    table: tuple[TableRow, ...]
    picture: Picture | None
    code: dict[str, Excerpt]


def steps_of(plan: Plan, mistakes: Measurements | None = None) -> list[PageStep]:
    """The drawn steps of the body, then the heads; `mistakes` are their measured effects."""
    measured = mistakes or {}
    steps, so_far, code = [], Reach(), excerpts(plan)
    for node in plan.body.children:
        so_far = so_far.through_layer(node)
        if shows(node):
            steps.append(step_of(node, so_far, "", code.get(node.path, {}), measured))
    for name, head in plan.heads.items():
        after = plan.spec.heads[name].after
        steps.append(step_of(head, Reach(), after, code.get(head.path, {}), measured))
    return steps


def step_of(
    node: Node, so_far: Reach, after: str, code: dict[str, Excerpt], mistakes: Measurements
) -> PageStep:
    """One step with its contents."""
    is_block = bool(node.children) and not node.is_conv_unit
    return PageStep(
        path=node.path,
        text="" if is_block else short_text(node),
        input=shape_text(node.input),
        output=shape_text(node.output),
        channels=node.output[0],
        parameters=node.parameter_count,
        multiply_adds=node.multiply_adds,
        field=so_far.field,
        depth=so_far.depth,
        after=after,
        notes=notes_of(node, mistakes),
        table=tuple(table_rows(node)),
        picture=draw(node, LARGE) if is_block else None,
        code=code,
    )


def table_rows(node: Node) -> Iterator[TableRow]:
    """The rows of a node's table; consecutive identical blocks share one row."""
    if node.is_conv_unit:
        return
    for first, *more in repeats(node):
        if shows(first):
            yield table_row(first, more)
        yield from table_rows(first)


def table_row(unit: Node, more: Sequence[Node]) -> TableRow:
    """One row of a step's table, for a node and the identical ones in `more`."""
    is_block = bool(unit.children) and not unit.is_conv_unit
    what = type(unit.layer).__name__.lower() if is_block else short_text(unit)
    return TableRow(
        path=unit.path,
        text=what,
        output=shape_text(unit.output),
        parameters=unit.parameter_count,
        multiply_adds=unit.multiply_adds,
        times=1 + len(more),
        last=more[-1].path if more else "",
    )
