"""The details of each step for one image: receptive fields and calculations of numbers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from common.spec.plan import Node, Plan
from common.tools.analysis.branches import branches_of
from common.tools.analysis.compare import Comparison
from common.tools.page.calculation import Calculation, calculate
from common.tools.page.chosen_cells import cells_of, numbers_json
from common.tools.page.chosen_channel import (
    Cell,
    Chosen,
    choose_channel,
    conv_of,
    first_cell,
    source_of,
)
from common.tools.page.fields import Field, branch_fields, fields_drawing, see_everything, seen
from common.tools.page.phrases import listing, texts
from common.tools.page.pool_windows import PoolWindows, pool_windows
from common.tools.page.reference_pass import ReferencePass


@dataclass(frozen=True)
class StepCalculation:
    """The calculation of one cell of a step, and of all cells as JSON, "" if there are too many.

    `source` is the path of the layer whose output enters the convolution, "" for the image;
    `inputs` is the number of its channels, and `padded` says whether zeros surround it. `bias` is
    the channel's, if it has one.
    """

    shown: Calculation
    cells: Markup
    chosen: Chosen
    source: str
    inputs: int
    padded: bool
    bias: float | None


@dataclass(frozen=True, kw_only=True)
class CellFields:
    """The receptive fields of one cell of a module, and their drawing.

    `whole` says whether every branch sees the whole image, wherever the cell is.
    """

    cell: tuple[int, int]
    shape: tuple[int, int]
    fields: list[Field]
    sizes: tuple[str, ...]  # in each language
    drawing: Markup
    image: tuple[int, int]
    whole: bool

    def shown(self, field: Field) -> list[tuple[int, int]]:
        """The first and last row of the image that a branch sees, and column."""
        axes = field.window.rows, field.window.columns
        return [seen(*each) for each in zip(axes, self.cell, self.image, strict=True)]

    @property
    def windows(self) -> str:
        """The start, stride and size of each branch's rows and columns, for the page's script."""
        axes = [(field.window.rows, field.window.columns) for field in self.fields]
        found = [[[axis.start, axis.stride, axis.size] for axis in both] for both in axes]
        return json.dumps({"fields": found, "image": self.image}, separators=(",", ":"))


def step_details(
    plan: Plan, comparison: Comparison | None, reference: ReferencePass | None
) -> dict[str, object]:
    """The templates' variables, each by the path of the step."""
    fields: dict[str, CellFields] = {}
    calculations: dict[str, StepCalculation] = {}
    pools: dict[str, PoolWindows] = {}
    if comparison and reference:
        for step in plan.body.children:
            is_module = len(branches_of(step)) > 1 and step.path in comparison.channels
            if is_module:
                fields[step.path] = cell_fields(plan, step, first_cell(step, comparison))
            cells = cells_of(step) if is_module else []
            if step.is_map and (one := step_calculation(plan, step, reference, comparison, cells)):
                calculations[step.path] = one
    if reference:
        for step in plan.body.children:
            for name in ("ceil", "same"):
                if both := pool_windows(step, reference, name):
                    pools[step.path] = both
    return {"cell_fields": fields, "calculations": calculations, "pools": pools}


def step_calculation(
    plan: Plan,
    step: Node,
    reference: ReferencePass,
    comparison: Comparison,
    cells: Sequence[Cell],
) -> StepCalculation | None:
    """The number of the first cell of a step, and those of the cells to choose from."""
    chosen = choose_channel(step, comparison)
    if not chosen:
        return None
    [shown] = calculate(step, reference, comparison, [first_cell(step, comparison)])
    found = calculate(step, reference, comparison, cells) if cells else []
    source, (node, _) = source_of(plan.body, chosen.unit.path), conv_of(chosen.unit)
    biases = reference.weights.get(f"{node.path}.bias")
    return StepCalculation(
        shown,
        numbers_json(found) if found else Markup(),
        chosen,
        source=source.path if source else "",
        inputs=chosen.unit.input[0],
        padded=any(map(any, node.pads)),
        bias=None if biases is None else float(biases[chosen.channel]),
    )


def cell_fields(plan: Plan, step: Node, cell: Cell) -> CellFields:
    """The fields of a cell of a module."""
    fields = branch_fields(plan, step.path)
    sizes = sorted({(field.window.rows.size, field.size) for field in fields})
    _, rows, columns = plan.spec.input
    shape = step.output[1], step.output[2]
    drawing = fields_drawing(
        fields,
        cell=cell,
        shape=shape,
        image=(rows, columns),
        photograph="#view",
        label=texts("fields_label", name=step.path),
        described_by=f"seen-{step.path}",
    )
    text = listing([size for _, size in sizes])
    image = rows, columns
    whole = see_everything(fields, shape, image)
    return CellFields(
        cell=cell,
        shape=shape,
        fields=fields,
        sizes=text,
        drawing=Markup(drawing),
        image=image,
        whole=whole,
    )
