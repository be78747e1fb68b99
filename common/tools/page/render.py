"""Renders the page as one self-contained HTML file in two languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite, log10
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from common.networks import NETWORKS
from common.spec import shape_text
from common.spec.plan import Plan
from common.tools.analysis.compare import Comparison, FrameworkResult, Row
from common.tools.analysis.parameter_ledger import claims, ledger
from common.tools.analysis.receptive_field import reach
from common.tools.page.content import steps_of
from common.tools.page.family import family, plane
from common.tools.page.maps import drawn_maps, photograph
from common.tools.page.members import Against, members, neighbour
from common.tools.page.phrases import (
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
from common.tools.page.speed import Speed
from common.tools.page.training_curves import ShownRun, draw_curves

if TYPE_CHECKING:
    from jinja2 import Environment

# A circle, a square, a triangle, a cross: distinguishable without colours.
MARKS = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "M-4-4h8v8h-8z",
    "M0-5l5 9h-10z",
    "M-4-4l8 8m0-8l-8 8",
)
BELOW = 4  # powers of ten that the strip of differences shows below the tolerance


@dataclass(frozen=True)
class Page:
    """The content of a page: a network and optional further parts.

    `reason` says why there is no comparison, if there is none; `other` is the pair shown side by
    side, by default the network and the next one; `part` is the part at which the page opens. In a
    notebook, a page displays itself in a frame.
    """

    plan: Plan
    comparison: Comparison | None = None
    reason: str = "give `Page` a comparison, as `compare` returns it"
    photographs: Sequence[Path] = ()
    other: Against | None = None
    runs: Sequence[ShownRun] = ()
    speed: Speed | None = None
    part: str = ""

    def parts(self) -> list[str]:
        """The names of the parts that the page has, in order."""
        more = {"training": self.runs, "speed": self.speed}
        always = ["network", "comparison", "numbers", "family", "against"]
        return always + [name for name in more if more[name]]

    def _repr_html_(self) -> str:
        """The page in a frame, for Jupyter."""
        # Links in a frame would otherwise lead out of it.
        html = render(self).replace("<head>", '<head>\n<base href="about:srcdoc">', 1)
        shape = 'width="100%" height="700" style="border: 1px solid #8888"'
        return f'<iframe srcdoc="{escape(html)}" {shape} title="GoogLeNet"></iframe>'


@dataclass(frozen=True)
class Cell:
    """One framework's result for one row; `difference` is None if there is none to draw."""

    text: str
    difference: float | None
    passes: bool


def environment() -> "Environment":
    """The Jinja environment of the folder `templates`, with the functions that they call."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # slow to import

    made = Environment(
        loader=PackageLoader("common.tools.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"t": translated, "unmarked": unmarked, "known": known, "space": SPACE}
    made.globals |= {"phrases": phrases(), "change_text": change_text, "layer_kind": layer_kind}
    made.globals |= {"number": number, "place": place}
    return made


def render(page: Page) -> str:
    """The page as HTML."""
    plan, made, steps, relatives = page.plan, page.plan.network, steps_of(page.plan), family()
    return (
        environment()
        .get_template("page.html")
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
    """The templates' variables for a comparison."""
    return {
        "tolerance": f"{comparison.tolerance:.0e}",
        "least": f"{comparison.tolerance * 10**-BELOW:.0e}",
        "failures": comparison.failures(),
        "rows": [
            {
                "path": row.node.path,
                "output": shape_text(row.node.output),
                "cells": [cell(row, each, comparison) for each in comparison.results.values()],
            }
            for row in comparison.rows
        ],
        "workers": [worker("numpy", FrameworkResult(comparison.reference))]
        + [worker(name, result) for name, result in comparison.results.items()],
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


def place(difference: float, tolerance: float) -> float:
    """The position of a difference on the strip, from 5 to 165; one of 1 or more is at the end."""
    low = log10(tolerance) - BELOW
    share = 1 - log10(max(difference, 10**low)) / low
    return round(5 + 160 * min(share, 1), 1)
