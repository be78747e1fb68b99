"""The findings at the heads of the page's parts, computed from its numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from common.spec import Concat, Residual
from common.spec.plan import Node, Plan
from common.tools.analysis.compare import Comparison
from common.tools.page.content import PageStep


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The parameters and multiply-adds of a network without its heads, or of parts of it."""

    parameters: int
    multiply_adds: int
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The steps with most arithmetic and most parameters, the totals, the largest difference.

    Heads are not counted; `modules` has the totals of all steps with branches. `farthest` is the
    largest difference, its framework and its step; None without a comparison.
    """

    hardest: PageStep
    largest: PageStep
    backbone: Totals
    modules: Totals
    farthest: tuple[float, str, str] | None


def findings(plan: Plan, steps: Sequence[PageStep], comparison: Comparison | None) -> Findings:
    """The findings of a page."""
    body = [step for step in steps if not step.after]
    return Findings(
        hardest=max(body, key=lambda step: step.multiply_adds),
        largest=max(body, key=lambda step: step.parameters),
        backbone=Totals(
            parameters=plan.body.parameter_count, multiply_adds=plan.body.multiply_adds
        ),
        modules=total(list(modules_of(plan.body))),
        farthest=farthest(comparison) if comparison else None,
    )


def modules_of(node: Node) -> Iterator[Node]:
    """Yields the outermost concats and residuals in a node."""
    if isinstance(node.layer, Concat | Residual):
        yield node
    else:
        for child in node.children:
            yield from modules_of(child)


def total(nodes: Sequence[Node]) -> Totals:
    """The totals of several nodes, and their number."""
    parameters = sum(node.parameter_count for node in nodes)
    return Totals(
        parameters=parameters,
        multiply_adds=sum(node.multiply_adds for node in nodes),
        count=len(nodes),
    )


def farthest(comparison: Comparison) -> tuple[float, str, str] | None:
    """The largest finite difference of a comparison, its framework and its step."""
    found = [
        (result.difference(row), name, row.node.path)
        for row in comparison.rows
        for name, result in comparison.results.items()
        if result.report
    ]
    return max((each for each in found if isfinite(each[0])), default=None)
