"""The table of a comparison: a row for each step, a cell for each framework."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, log10

from common.spec import shape_text
from common.tools.analysis.compare import Comparison, FrameworkResult, Row
from common.tools.page.phrases import number

# A circle, a square, a triangle, a cross: distinguishable without colours.
MARKS = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "M-4-4h8v8h-8z",
    "M0-5l5 9h-10z",
    "M-4-4l8 8m0-8l-8 8",
)
BELOW = 4  # powers of ten that the strip of differences shows below the tolerance


@dataclass(frozen=True)
class Cell:
    """One framework's result for one row; `difference` is None if there is none to draw."""

    text: str
    difference: float | None
    passes: bool


def comparison_variables(comparison: Comparison) -> dict[str, object]:
    """The templates' variables for a comparison."""
    return {
        "marks": MARKS,
        "position": position,
        "tolerance": f"{comparison.tolerance:.0e}",
        "least": f"{comparison.tolerance * 10**-BELOW:.0e}",
        "failures": comparison.failures(),
        "rows": [row_values(row, comparison) for row in comparison.rows],
        "workers": [worker("numpy", FrameworkResult(comparison.reference))]
        + [worker(name, result) for name, result in comparison.results.items()],
    }


def row_values(row: Row, comparison: Comparison) -> dict[str, object]:
    """The templates' variables for one row; `largest` is None if no difference is drawn."""
    cells = [cell(row, each, comparison) for each in comparison.results.values()]
    drawn = [each.difference for each in cells if each.difference is not None]
    return {
        "path": row.node.path,
        "output": shape_text(row.node.output),
        "cells": cells,
        "largest": max(drawn, default=None),
    }


def cell(row: Row, result: FrameworkResult, comparison: Comparison) -> Cell:
    """One framework's result for one row."""
    if not result.report:
        return Cell("-", None, False)
    for shape in result.wrong_shapes(row).values():
        return Cell(shape_text(shape), None, False)
    difference = result.difference(row)
    drawn = difference if isfinite(difference) else None
    return Cell(f"{difference:.1e}", drawn, difference <= comparison.tolerance)


def worker(name: str, result: FrameworkResult) -> Mapping[str, str]:
    """The row of one worker."""
    if not result.report:
        return {"name": name, "error": str(result.error), "version": "", "parameters": ""}
    parameters = number(result.report.parameters)
    return {"name": name, "error": "", "version": result.report.version, "parameters": parameters}


def position(difference: float, tolerance: float) -> float:
    """The position of a difference on the strip, from 5 to 165; one of 1 or more is at the end."""
    low = log10(tolerance) - BELOW
    share = 1 - log10(max(difference, 10**low)) / low
    return round(5 + 160 * min(share, 1), 1)
