"""The result of a check as a JSON document."""

from dataclasses import asdict, replace

from common.errors import UsageError, UserError
from common.networks import network
from common.spec.plan import Plan
from common.spec.planner import lay_out
from common.tools.check.verdict import Verdict


def verdict_json(source: str, found: Verdict | UserError) -> dict:
    """One verdict as JSON."""
    if isinstance(found, UserError):
        return {"source": source, "verdict": "failed", "error": str(found)}
    return {
        "source": source,
        "network": found.asked,
        "verdict": found.status,
        "nearest": found.nearest,
        "same": list(found.same),
        "compared_with": found.plan.spec.name,
        "differences": [asdict(each) for each in found.decisions],
        "unused": list(found.unused),
        "parameters": {"yours": found.parameters, "table": published_count(found.plan)},
        "compared": compared_json(found),
        "notes": list(found.trace.notes),
    }


def published_count(plan: Plan) -> int:
    """The parameters of the published network, for the user's input and number of classes."""
    spec = plan.spec
    published = network(spec.name, spec.input, spec.classes, spec.aux)
    try:
        return lay_out(published).parameter_count
    except UsageError:  # the plan has fewer layers, or other ones
        shape = spec.input[0], *network(spec.name).input[1:]
        return lay_out(replace(published, input=shape)).parameter_count


def compared_json(found: Verdict) -> dict:
    """The inputs and outputs that were compared, and whether training was."""
    return {
        "input": list(found.trace.image.shape[1:]),
        "heads": list(found.plan.heads),
        "dropout": found.trace.drops is not None,
        "training_step": found.compares_step,
    }
