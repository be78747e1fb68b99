"""The code of each step, taken from the source generated for each framework."""

from dataclasses import dataclass

from common.jobs.frameworks import FRAMEWORKS
from common.spec.plan import Plan
from common.tools.source.printer import import_printer


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """The lines that build a step, and the classes or functions that they call, nearest first."""

    line: str
    block: str


def excerpts(plan: Plan) -> dict[str, dict[str, Excerpt]]:
    """The code of every step and head, by path and then by framework."""
    printed = {framework: import_printer(framework).source(plan) for framework in FRAMEWORKS}
    return {
        node.path: {
            framework: Excerpt(
                line=each.layers[node.path], block="\n\n\n".join(each.called_by(node.path))
            )
            for framework, each in printed.items()
        }
        for node in (*plan.body.children, *plan.heads.values())
    }
