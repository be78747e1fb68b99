"""A network's parameters by part and kind, and the published counts that they add up to."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from common.spec import BatchNorm, Layer
from common.spec.plan import Node, Plan
from common.tools.analysis.published_counts import (
    BACKBONE,
    CLASSIFIER,
    HEADS,
    PUBLISHED,
    PublishedCount,
)

# The parameters of most layers, and those of batch norm.
NAMES = {"weight": "weights", "bias": "biases"}
BATCH_NORM = {
    "weight": "scale (gamma)",
    "bias": "shift (beta)",
    "running_mean": "mean, not learned",
    "running_var": "variance, not learned",
}


@dataclass(frozen=True, kw_only=True)
class Term:
    """The number of values of one kind in one part: the backbone, the classifier or the heads."""

    part: str
    kind: str
    count: int
    learned: bool


def ledger(plan: Plan) -> list[Term]:
    """Every nonzero term, those of the backbone first."""
    counts: dict[tuple[str, str, bool], int] = {}
    for node, part in nodes_by_part(plan):
        parameters = [(name, shape, True) for name, shape in node.parameters]
        statistics = [(name, shape, False) for name, shape in node.buffers]
        for name, shape, learned in parameters + statistics:
            key = part, term_name(node.layer, name), learned
            counts[key] = counts.get(key, 0) + prod(shape)
    return [
        Term(part=part, kind=kind, count=count, learned=learned)
        for (part, kind, learned), count in counts.items()
    ]


def term_name(layer: Layer, parameter: str) -> str:
    """The name of a layer's parameter or buffer in plain English."""
    names = BATCH_NORM if isinstance(layer, BatchNorm) else NAMES
    return f"{layer.label} {names[parameter]}"


def nodes_by_part(plan: Plan) -> Iterator[tuple[Node, str]]:
    """Yields every node with the part it belongs to."""
    for node in plan.body.walk():
        inside = f"{node.path}.".startswith(f"{plan.spec.classifier}.")
        yield node, CLASSIFIER if inside else BACKBONE
    for head in plan.heads.values():
        for node in head.walk():
            yield node, HEADS


def claims(plan: Plan) -> list[tuple[PublishedCount, list[Term], int]]:
    """Each published count whose parts this plan has, with its terms and their sum."""
    terms = ledger(plan)
    sums = []
    absent = {CLASSIFIER: not plan.spec.classes, HEADS: not plan.heads}
    for claim in PUBLISHED.get(plan.spec.name, ()):
        if any(absent.get(part) for part in claim.parts):
            continue
        chosen = [
            term for term in terms if term.part in claim.parts and (term.learned or claim.buffers)
        ]
        sums.append((claim, chosen, sum(term.count for term in chosen)))
    return sums
