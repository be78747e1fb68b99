"""The page's part about the network: its diagram, and the details of each step."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from common.spec import Concat
from common.spec.plan import Plan
from common.tools.analysis.branches import branches_of
from common.tools.analysis.receptive_field import reach
from common.tools.page.content import PageStep
from common.tools.page.diagram import kinds, network_diagram
from common.tools.page.findings import modules_of
from common.tools.page.module_drawing import block_drawing
from common.tools.page.photographs import network_view
from common.tools.page.phrases import LANGUAGES, number, texts

WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def network_values(
    plan: Plan, steps: Sequence[PageStep], photographs: Sequence[Path]
) -> dict[str, object]:
    """The templates' variables for the network."""
    facts = {step.path: facts_of(step, plan.spec.input[1]) for step in steps}
    return {
        "steps": steps,
        "facts": facts,
        "diagram": Markup(page_diagram(plan, photographs, facts)),
        "block_drawing": lambda *given: Markup(block_drawing(*given)),
        "kinds": kinds(plan),
        "opened": opened_at_first(plan),
        "module": module_texts(plan),
        "reach": reach(plan),
        "most_parameters": max(step.parameters for step in steps),
        "most_multiply_adds": max(step.multiply_adds for step in steps),
    }


def facts_of(step: PageStep, rows: int) -> tuple[str, ...]:
    """The text of a step in the diagram, in each language; the image has `rows`."""
    values = {"path": step.path, "input": step.input, "output": step.output}
    values |= {"parameters": number(step.parameters)}
    values |= {"multiply_adds": number(step.multiply_adds)}
    if step.after:
        return texts("head_line", after=step.after, **values)
    beyond = texts("beyond_image") if step.field > rows else ("", "")
    return texts("step_line", field=number(step.field), beyond=beyond, **values)


def module_texts(plan: Plan) -> tuple[str, ...]:
    """The text on the network's modules, in each language; empty unless all join their branches."""
    modules = list(modules_of(plan.body))
    if not modules or not all(isinstance(each.layer, Concat) for each in modules):
        return ()
    counts = [len(each.children) for each in modules]
    least, most = min(counts), max(counts)
    if least == most:
        count = WORDS.get(most, str(most)), str(most)
        return texts("module_is", branches=texts("branches_all", count=count))
    return texts("module_is", branches=texts("branches_between", least=least, most=most))


def page_diagram(
    plan: Plan, photographs: Sequence[Path], facts: Mapping[str, tuple[str, ...]]
) -> str:
    """The diagram, whose steps are links to their details."""
    spec = plan.spec
    photograph = ""
    if photographs:
        photograph = network_view(photographs[0], spec.input, spec.preprocess)
    out = "classes_out" if spec.classes else "features_out"
    ends = texts(out, count=number(spec.classes))
    label = texts("diagram", name=spec.name)
    return network_diagram(plan, photograph, label, facts, dict(zip(LANGUAGES, ends, strict=True)))


def opened_at_first(plan: Plan) -> str:
    """The step that is open at first, a quarter of the way down those with branches, if any."""
    blocks = [step.path for step in plan.body.children if len(branches_of(step)) > 1]
    others = [step.path for step in plan.body.children]
    return (blocks or others)[(len(blocks or others) - 1) // 4]
