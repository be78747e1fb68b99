"""One image followed through the steps: receptive fields, and single numbers worked out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from common.spec.plan import Node, Plan
from common.tools.analysis.branches import branches_of
from common.tools.analysis.compare import Comparison
from common.tools.page.chosen_cells import cells_of, numbers_json
from common.tools.page.fields import Field, fields_drawing, fields_of, seen
from common.tools.page.observation import Observation
from common.tools.page.phrases import listing, texts
from common.tools.page.pool_windows import PoolWindows, pool_windows
from common.tools.page.worked import Cell, Worked, work_out


@dataclass(frozen=True)
class WorkedStep:
    """The number of one cell of a step, and those of all its cells as JSON, "" if not embedded."""

    shown: Worked
    cells: Markup


@dataclass(frozen=True)
class Followed:
    """The receptive fields of one cell of a module, and their drawing."""

    cell: tuple[int, int]
    shape: tuple[int, int]
    fields: list[Field]
    sizes: tuple[str, ...]  # in each language
    drawing: Markup
    image: tuple[int, int]

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


def following(
    plan: Plan, comparison: Comparison | None, observation: Observation | None
) -> dict[str, object]:
    """The templates' variables, each by the path of the step."""
    followed: dict[str, Followed] = {}
    worked: dict[str, WorkedStep] = {}
    pools: dict[str, PoolWindows] = {}
    if comparison and observation:
        for step in plan.body.children:
            is_module = len(branches_of(step)) > 1 and step.path in comparison.channels
            if is_module:
                followed[step.path] = follow(plan, step)
            cells = cells_of(step) if is_module else []
            if step.is_map and (one := work_out_step(step, observation, comparison, cells)):
                worked[step.path] = one
    if observation:
        for step in plan.body.children:
            for name in ("ceil", "same"):
                if both := pool_windows(step, observation, name):
                    pools[step.path] = both
    return {"followed": followed, "worked": worked, "pools": pools}


def work_out_step(
    step: Node, observation: Observation, comparison: Comparison, cells: Sequence[Cell]
) -> WorkedStep | None:
    """The number of the cell in the middle of a step, and those of the cells to choose from."""
    shown = work_out(step, observation, comparison, [middle(step)])
    if not shown:
        return None
    found = work_out(step, observation, comparison, cells) if cells else []
    return WorkedStep(shown[0], numbers_json(found) if found else Markup())


def middle(step: Node) -> tuple[int, int]:
    """The cell in the middle of a step's map."""
    return step.output[1] // 2, step.output[2] // 2


def follow(plan: Plan, step: Node) -> Followed:
    """The fields of the cell in the middle of a module."""
    fields = fields_of(plan, step.path)
    sizes = sorted({(field.window.rows.size, field.size) for field in fields})
    _, rows, columns = plan.network.input
    drawing = fields_drawing(
        fields,
        cell=middle(step),
        image=(rows, columns),
        photograph="#view",
        label=texts("fields_label", name=step.path),
        described_by=f"seen-{step.path}",
    )
    shape = step.output[1], step.output[2]
    text = listing([size for _, size in sizes])
    return Followed(middle(step), shape, fields, text, Markup(drawing), (rows, columns))
