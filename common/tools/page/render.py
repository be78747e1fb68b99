"""Renders the page as one self-contained HTML file in two languages."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from html import escape
from pathlib import Path

from markupsafe import Markup

from common.networks import NETWORKS
from common.spec import shape_text
from common.spec.plan import Plan
from common.tools.analysis.compare import Comparison
from common.tools.analysis.parameter_ledger import claims, ledger
from common.tools.page.comparison_table import comparison_variables
from common.tools.page.content import steps_of
from common.tools.page.environment import environment
from common.tools.page.family import family, plane
from common.tools.page.findings import findings
from common.tools.page.head_gradients import HeadGradients, gradient_plots
from common.tools.page.maps import drawn_maps
from common.tools.page.network_pair import NetworkPair, network_data, with_next_network
from common.tools.page.network_part import network_values
from common.tools.page.phrases import read, texts
from common.tools.page.preprocessing import image_texts, value_texts
from common.tools.page.reference_pass import ReferencePass
from common.tools.page.speed import Speed, rate_plots
from common.tools.page.step_details import step_details
from common.tools.page.trained_part import Weights, trained_values
from common.tools.page.training_curves import ShownRun, curve_plots, recipe_rows

SCRIPTS = ("diagram.js", "script.js", "cells.js")


@dataclass(frozen=True)
class Page:
    """The content of a page: a network and optional further parts.

    `reason` says why there is no comparison, if there is none; `reference` is of the first
    photograph; `weights` are trained ones, and `gradients` the effect of the heads; `other` is the
    pair shown side by side, by default the network and the next one; `part` is the part at which
    the page opens. In a notebook, a page displays itself in a frame.
    """

    plan: Plan
    comparison: Comparison | None = None
    _: KW_ONLY
    reason: str = "give `Page` a comparison, as `compare` returns it"
    photographs: Sequence[Path] = ()
    other: NetworkPair | None = None
    runs: Sequence[ShownRun] = ()
    speed: Speed | None = None
    reference: ReferencePass | None = None
    weights: Weights | None = None
    gradients: HeadGradients | None = None
    part: str = ""

    def parts(self) -> list[str]:
        """The names of the parts that the page has, in order."""
        more = {"training": self.runs, "speed": self.speed}
        shown = ["network"] + ["weights"] * bool(self.weights) + ["comparison"]
        shown += ["heads"] * bool(self.gradients) + ["numbers", "family", "against"]
        return shown + [name for name in more if more[name]]

    def _repr_html_(self) -> str:
        """The page in a frame, for Jupyter."""
        # Links in a frame would otherwise lead out of it.
        html = render(self).replace("<head>", '<head>\n<base href="about:srcdoc">', 1)
        shape = 'width="100%" height="700" style="border: 1px solid #8888"'
        return f'<iframe srcdoc="{escape(html)}" {shape} title="GoogLeNet"></iframe>'


def render(page: Page) -> str:
    """The page as HTML."""
    steps = steps_of(page.plan, page.reference.mistakes if page.reference else {})
    values = {
        **about(page.plan),
        **network_values(page.plan, steps, page.photographs),
        "findings": findings(page.plan, steps, page.comparison),
        **step_details(page.plan, page.comparison, page.reference),
        "parts": page.parts(),
        "part": page.part,
        "style": Markup(style()),
        "script": Markup("".join(map(read, SCRIPTS))),
        "maps": drawn_maps(page.comparison) if page.comparison else {},
        "weights": weights_text(page),
        **more_values(page),
        "other": page.other or with_next_network(page.plan),
        "network_data": network_data(),
        "runs": page.runs,
        "curves": curve_plots(page.runs) if page.runs else None,
        "recipes": recipe_rows(page.runs),
        "rate_plots": rate_plots(page.speed) if page.speed else [],
        "speed": page.speed,
        "reason": page.reason,
        "comparison": page.comparison,
        **(comparison_variables(page.comparison) if page.comparison else {}),
    }
    return environment().get_template("page.html").render(**values)


def weights_text(page: Page) -> tuple[str, ...]:
    """The label of the weights, in each language."""
    if page.weights:
        return texts("weights_of", label=page.weights.label)
    return texts("random_weights")


def more_values(page: Page) -> dict[str, object]:
    """The templates' variables for trained weights and for the heads' gradients."""
    values: dict[str, object] = {}
    if page.weights and page.comparison and page.reference:
        values |= trained_values(page.plan, page.comparison, page.reference, page.weights)
    if page.gradients:
        values |= {"gradients": page.gradients, "gradient_plots": gradient_plots(page.gradients)}
    return values


def about(plan: Plan) -> dict[str, object]:
    """The templates' variables for a network's numbers and its place in the family."""
    spec = plan.spec
    return {
        "name": spec.name,
        "plan": plan,
        "input": shape_text(spec.input),
        "image_shape": image_texts(spec.preprocess, *spec.input[1:]),
        "image_values": value_texts(spec.preprocess, spec.input[0]),
        "terms": ledger(plan),
        "claims": claims(plan),
        "family": family(),
        "plane": plane(family(), spec.name),
        "networks": list(NETWORKS),
    }


def style() -> str:
    """The style of a page."""
    return "\n".join(read(f"{name}.css") for name in ("colours", "drawing", "style"))
