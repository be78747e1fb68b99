"""The result of a check as a JSON document."""

from dataclasses import asdict

from common.errors import UserError
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
        "parameters": {"yours": found.parameters, "table": found.plan.parameter_count},
        "compared": compared(found),
        "notes": list(found.trace.notes),
    }


def compared(found: Verdict) -> dict:
    """What a verdict rests on: the input, the outputs, and whether training was compared."""
    return {
        "input": list(found.trace.image.shape[1:]),
        "heads": list(found.plan.heads),
        "dropout": found.trace.drops is not None,
        "training_step": bool(found.trace.after),
    }
