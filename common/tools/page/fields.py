"""Nested receptive fields of one cell on a photograph, branch by branch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from common.spec.plan import Plan
from common.tools.analysis.branches import branches_of
from common.tools.analysis.windows import Axis, Window, window_of
from common.tools.page.environment import environment

# The margin around the photograph, relative to its size, for what goes beyond it: at least, with
# some space around the fields, and the largest at which the photograph can still be seen.
MARGIN, SPACE, LARGEST_MARGIN = 0.14, 0.02, 2.2


@dataclass(frozen=True)
class Field:
    """The receptive field of one branch: its path within the module, and its window."""

    branch: str
    window: Window

    @property
    def size(self) -> str:
        """Its rows and columns in pixels, one number if they are equal."""
        rows, columns = self.window.rows.size, self.window.columns.size
        return str(rows) if rows == columns else f"{rows}×{columns}"


def branch_fields(plan: Plan, step: str) -> list[Field]:
    """The receptive field of each branch of a step of the body."""
    paths = [each.node.path for each in branches_of(plan.find(step))]
    return [Field(path.removeprefix(f"{step}."), window_of(plan, path)) for path in paths]


def fields_drawing(
    fields: Sequence[Field],
    *,
    cell: tuple[int, int],
    shape: tuple[int, int],
    image: tuple[int, int],
    photograph: str,
    label: Sequence[str] = ("", ""),
    described_by: str = "",
) -> str:
    """The fields of a cell (row, column) on a photograph of `image` (rows, columns), as SVG.

    `shape` is that of the map; the margin has room for the fields of all its cells. `photograph` is
    a data URI, or a fragment such as `#view` for an image in the same document whose box is `VIEW`;
    `described_by` is the id of a text on the drawing. Moving the variables --row and --column moves
    the fields.
    """
    largest = sorted(fields, key=lambda field: -field.window.rows.size)
    margin = margin_for(fields, shape, image)
    values: Mapping[str, object] = {
        "fields": [(field, fields.index(field)) for field in largest],
        "repeated": [is_repeated(fields, field) for field in largest],
        "margin": margin,
        "rows": image[0],
        "columns": image[1],
    }
    described = Markup(' aria-describedby="{}"').format(described_by) if described_by else ""
    template = environment().get_template("fields.svg")
    return template.render(
        cell=cell, photograph=photograph, label=label, described=described, **values
    )


def is_repeated(fields: Sequence[Field], field: Field) -> bool:
    """Whether an earlier branch has the same window, so that this one is drawn in dashes."""
    earlier = fields[: fields.index(field)]
    return any(other.window == field.window for other in earlier)


def reaches(axis: Axis, cell: int) -> tuple[int, int]:
    """The first and last pixel of a cell's field along one axis."""
    start = axis.start + cell * axis.stride
    return start, start + axis.size - 1


def margin_for(fields: Sequence[Field], shape: tuple[int, int], image: tuple[int, int]) -> int:
    """The pixels around an image in which the fields of all cells of a map can be seen.

    Fields far larger than the image get only the least margin.
    """
    beyond = 0
    for field in fields:
        axes = (field.window.rows, field.window.columns)
        for axis, cells, size in zip(axes, shape, image, strict=True):
            beyond = max(beyond, -reaches(axis, 0)[0], reaches(axis, cells - 1)[1] + 1 - size)
    least, room = MARGIN * max(image), beyond + SPACE * max(image)
    return round(least if room > LARGEST_MARGIN * max(image) else max(least, room))


def see_everything(fields: Sequence[Field], shape: tuple[int, int], image: tuple[int, int]) -> bool:
    """Whether every field covers the whole image, wherever the cell is."""
    return all(
        reaches(axis, cells - 1)[0] <= 0 and reaches(axis, 0)[1] >= size - 1
        for field in fields
        for axis, cells, size in zip(
            (field.window.rows, field.window.columns), shape, image, strict=True
        )
    )


def seen(axis: Axis, cell: int, size: int) -> tuple[int, int]:
    """The first and last pixel of a cell's field that an image of `size` has along one axis."""
    first, last = reaches(axis, cell)
    return max(first, 0), min(last, size - 1)
