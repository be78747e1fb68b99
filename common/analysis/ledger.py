"""Where a network's parameters are, term by term, and whose sum of them was published."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from common.analysis.published import CLASSIFIER, HEADS, PUBLISHED, TRUNK, Published
from common.plan import Node, Plan

TERMS = {
    ("Conv", "weight"): "convolution weights",
    ("DepthwiseConv", "weight"): "depthwise convolution weights",
    ("Conv", "bias"): "convolution biases",
    ("BatchNorm", "weight"): "batch norm scale (gamma)",
    ("BatchNorm", "bias"): "batch norm shift (beta)",
    ("BatchNorm", "running_mean"): "batch norm mean, not learned",
    ("BatchNorm", "running_var"): "batch norm variance, not learned",
    ("Linear", "weight"): "linear weights",
    ("Linear", "bias"): "linear biases",
}


@dataclass(frozen=True)
class Term:
    """So many numbers of one kind in one part: the trunk, the classifier or the heads."""

    part: str
    kind: str
    count: int
    learned: bool


def ledger(plan: Plan) -> list[Term]:
    """Every term that is not zero, the trunk's first."""
    counts: dict[tuple[str, str, bool], int] = {}
    for node, part in nodes_by_part(plan):
        parameters = [(name, shape, True) for name, shape in node.parameters]
        statistics = [(name, shape, False) for name, shape in node.statistics]
        for name, shape, learned in parameters + statistics:
            key = part, TERMS[type(node.word).__name__, name], learned
            counts[key] = counts.get(key, 0) + prod(shape)
    return [Term(part, kind, count, learned) for (part, kind, learned), count in counts.items()]


def nodes_by_part(plan: Plan) -> Iterator[tuple[Node, str]]:
    """Every node and the part it is in."""
    for node in plan.body.walk():
        inside = f"{node.path}.".startswith(f"{plan.network.classifier}.")
        yield node, CLASSIFIER if inside else TRUNK
    for head in plan.heads.values():
        for node in head.walk():
            yield node, HEADS


def claims(plan: Plan) -> list[tuple[Published, list[Term], int]]:
    """Each published count of parts that this plan has, with its terms, and their sum."""
    terms = ledger(plan)
    found = []
    absent = {CLASSIFIER: not plan.network.classes, HEADS: not plan.heads}
    for claim in PUBLISHED.get(plan.network.name, ()):
        if any(absent.get(part) for part in claim.parts):
            continue
        chosen = [
            term
            for term in terms
            if term.part in claim.parts and (term.learned or claim.statistics)
        ]
        found.append((claim, chosen, sum(term.count for term in chosen)))
    return found
