"""Adapts the weights of a network to a close relative: fewer classes, or a different variant."""

from dataclasses import replace

import numpy as np

from common.arrays import Arrays
from common.errors import DataError
from common.networks import network
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.tools.analysis.diff import plan_differences
from common.tools.zoo.match import Match


def drop_background(match: Match) -> Match:
    """The match without the background, class 0 of 1001; raises DataError for any other number."""
    spec = match.plan.spec
    if spec.classes != 1001:
        raise DataError(
            f"{spec.name} for {spec.classes} classes has no background class (only 1001 classes do)"
            "; omit --drop-background"
        )
    plan = make_plan(replace(network(spec.name, spec.input, 1000), aux=spec.aux))
    shapes = plan.array_shapes()
    arrays = {
        name: array if array.shape == shapes[name] else np.ascontiguousarray(array[1:])
        for name, array in match.arrays.items()
    }
    return replace(match, plan=plan, arrays=arrays, notes=(*match.notes, "background dropped"))


def as_variant(match: Match, name: str) -> tuple[Match, str]:
    """The same arrays for a different variant, and a line on what it computes differently.

    A scale of ones may be added or removed; raises DataError if any other array would be.
    """
    spec = match.plan.spec
    if spec.aux and not network(name).heads:
        raise DataError(f"{name} has no heads, but the weights of {spec.name} do")
    plan = make_plan(network(name, spec.input, spec.classes, spec.aux))
    wanted, arrays = plan.array_shapes(), dict(match.arrays)
    arrays |= {
        key: np.ones(shape, np.float32)
        for key, shape in wanted.items()
        if key not in arrays and is_scale(key, plan)
    }
    check_left_out(match.plan, name, {key: a for key, a in arrays.items() if key not in wanted})
    wrong = [k for k, shape in wanted.items() if k not in arrays or arrays[k].shape != shape]
    if wrong:
        raise DataError(f"{spec.name} has no array that could be {name}'s {wrong[0]}")
    kept = {key: arrays[key] for key in wanted}
    differing = [d for d in plan_differences(match.plan, plan) if "scale" not in d.what]
    said = "; ".join(f"{d.what} ({len(d.paths)} times, first {d.paths[0]})" for d in differing)
    warning = f"{name} differs from {spec.name}: {said}"
    return replace(match, plan=plan, arrays=kept), warning if differing else ""


def check_left_out(plan: Plan, name: str, arrays: Arrays) -> None:
    """Raises DataError unless the arrays that a variant does not have are scales of ones."""
    for key, array in arrays.items():
        if not (is_scale(key, plan) and (array == 1).all()):
            raise DataError(f"{name} has no array for {plan.spec.name}'s {key}")


def is_scale(name: str, plan: Plan) -> bool:
    """Whether an array is the scale of a batch norm."""
    return name.endswith(".weight") and len(plan.array_shapes().get(name, ())) == 1
