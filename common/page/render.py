"""The page as HTML: one file that loads nothing, in two languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log10
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from common.analysis.ledger import claims, ledger
from common.analysis.reach import reach
from common.jobs.compare import Comparison, Row, Side
from common.networks import NETWORKS
from common.page.content import steps_of
from common.page.family import family, plane
from common.page.maps import drawn_maps, photograph
from common.page.members import Against, members, neighbour
from common.page.speed import Speed
from common.page.training import ShownRun, draw_curves
from common.page.words import (
    SPACE,
    change_text,
    known,
    layer_kind,
    number,
    phrases,
    read,
    translated,
    unmarked,
)
from common.plan import Plan
from common.spec import shape_text

if TYPE_CHECKING:
    from jinja2 import Environment

# A circle, a square, a triangle, a cross: told apart without colours.
MARKS = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "M-4-4h8v8h-8z",
    "M0-5l5 9h-10z",
    "M-4-4l8 8m0-8l-8 8",
)
BELOW = 4  # decades that the strip shows below the tolerance


@dataclass(frozen=True)
class Page:
    """What a page shows: a network, and whatever else there is.

    `reason` says why there is no comparison, if there is none; `other` is the pair side by side, or
    else the network and the next one; `part` is where the page opens.
    """

    plan: Plan
    comparison: Comparison | None = None
    reason: str = ""
    photographs: Sequence[Path] = ()
    other: Against | None = None
    runs: Sequence[ShownRun] = ()
    speed: Speed | None = None
    part: str = ""

    def parts(self) -> list[str]:
        """The parts that there are, in order."""
        more = {"training": self.runs, "speed": self.speed}
        always = ["network", "comparison", "numbers", "family", "against"]
        return always + [name for name in more if more[name]]


@dataclass(frozen=True)
class Cell:
    """One framework's answer for one row; no `difference` where it has none that can be drawn."""

    text: str
    difference: float | None
    passes: bool


def environment() -> "Environment":
    """What lays the page out, and the functions that the page calls."""
    from jinja2 import Environment, StrictUndefined  # slow to import

    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.globals |= {"t": translated, "unmarked": unmarked, "known": known, "space": SPACE}
    made.globals |= {"phrases": phrases(), "change_text": change_text, "layer_kind": layer_kind}
    made.globals |= {"number": number, "place": place}
    return made


def render(page: Page) -> str:
    """The page as HTML."""
    plan, made, steps, relatives = page.plan, page.plan.network, steps_of(page.plan), family()
    return (
        environment()
        .from_string(read("page.html"))
        .render(
            name=made.name,
            plan=plan,
            parts=page.parts(),
            part=page.part,
            style=Markup(read("style.css")),
            script=Markup(read("script.js")),
            input=shape_text(made.input),
            image_shape=made.preprocess.shape_text(*made.input[1:]),
            image_values=made.preprocess.value_text(),
            photographs=[(path.name, photograph(path)) for path in page.photographs],
            reach=reach(plan),
            steps=steps,
            widest=max(step.channels for step in steps),
            most_parameters=max(step.parameters for step in steps),
            most_multiply_adds=max(step.multiply_adds for step in steps),
            maps=drawn_maps(page.comparison) if page.comparison else {},
            terms=ledger(plan),
            claims=claims(plan),
            family=relatives,
            plane=plane(relatives, made.name),
            other=page.other or neighbour(plan),
            networks=list(NETWORKS),
            members=members(),
            runs=page.runs,
            curves=draw_curves(page.runs) if page.runs else None,
            speed=page.speed,
            reason=page.reason,
            comparison=page.comparison,
            marks=MARKS,
            **(compared(page.comparison) if page.comparison else {}),
        )
    )


def compared(comparison: Comparison) -> dict[str, object]:
    """What the page says of a comparison."""
    return {
        "tolerance": f"{comparison.tolerance:.0e}",
        "least": f"{comparison.tolerance * 10**-BELOW:.0e}",
        "failures": comparison.failures(),
        "rows": [
            {
                "path": row.node.path,
                "output": shape_text(row.node.output),
                "cells": [cell(row, each, comparison) for each in comparison.sides.values()],
            }
            for row in comparison.rows
        ],
        "workers": [worker("numpy", Side(comparison.judge))]
        + [worker(name, side) for name, side in comparison.sides.items()],
    }


def cell(row: Row, side: Side, comparison: Comparison) -> Cell:
    """One framework's answer for one row."""
    if not side.report:
        return Cell("-", None, False)
    for shape in side.wrong_shapes(row).values():
        return Cell(shape_text(shape), None, False)
    difference = side.difference(row)
    drawn = difference if isfinite(difference) else None
    return Cell(f"{difference:.1e}", drawn, difference <= comparison.tolerance)


def worker(name: str, side: Side) -> Mapping[str, str]:
    """One worker's line."""
    if not side.report:
        return {"name": name, "error": str(side.error), "version": "", "parameters": ""}
    parameters = number(side.report.parameters)
    return {"name": name, "error": "", "version": side.report.version, "parameters": parameters}


def place(difference: float, tolerance: float) -> float:
    """Where a difference lies on the strip, from 5 to 165; a difference of 1 is at its end."""
    low = log10(tolerance) - BELOW
    share = 1 - log10(max(difference, 10**low)) / low
    return round(5 + 160 * min(share, 1), 1)
