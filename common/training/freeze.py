"""Frozen layers: those whose weights and running statistics do not change in training."""

from fnmatch import fnmatchcase

from common.errors import UsageError
from common.spec.plan import Plan

BACKBONE = "backbone"


def frozen_layers(plan: Plan, wanted: str) -> list[str]:
    """The paths of the layers with weights that a recipe freezes, in the order of computation.

    `wanted` is "" for none, "backbone" for all layers except the classifier and the heads, or
    patterns such as `conv*,inception3*`, separated by commas; a layer is frozen if its path, or
    that of a layer that contains it, matches one. Raises UsageError if a pattern matches no layer
    with weights, or if nothing is left to train.
    """
    if not wanted:
        return []
    paths = [node.path for node in plan.nodes() if node.parameters]
    if wanted == BACKBONE:
        frozen = [path for path in paths if not plan.is_classifier_or_head(path)]
    else:
        patterns = [each.strip() for each in wanted.split(",") if each.strip()] or [wanted]
        for pattern in patterns:
            if not any(matches(path, pattern) for path in paths):
                steps = ", ".join(dict.fromkeys(path.partition(".")[0] for path in paths))
                raise UsageError(
                    f"freeze: no layer with weights matches {pattern}; choose backbone, or from: "
                    f"{steps}"
                )
        frozen = [path for path in paths if any(matches(path, each) for each in patterns)]
    if len(frozen) == len(paths):
        raise UsageError(f"freeze: {wanted} includes every layer; nothing is left to train")
    return frozen


def matches(path: str, pattern: str) -> bool:
    """Whether a layer's path, or that of a layer that contains it, matches."""
    names = path.split(".")
    return any(fnmatchcase(".".join(names[:end]), pattern) for end in range(1, len(names) + 1))


def trained_parameters(plan: Plan, wanted: str) -> list[str]:
    """The names of the parameters that a recipe trains: those of the layers that are not frozen."""
    frozen = set(frozen_layers(plan, wanted))
    return [name for name in plan.parameter_shapes() if name.rpartition(".")[0] not in frozen]
