"""Checks whether a network that is equal in evaluation also learns as the plan does.

Its weights after one training step, of rate 1 and without dropout, reveal its gradients, and its
running statistics reveal what its batch norms did. The reference takes the same step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from common.reference.network import StepResult, differentiate
from common.reference.numerics import relative_difference
from common.spec.plan import Plan
from common.spec.planner import make_plan
from common.spec.rewrite import without_dropout
from common.tools.check.describe import CONVENTION, Difference
from common.tools.check.dropout import dropout_differences
from common.tools.check.graph import RESULT, section
from common.tools.check.random_values import labels
from common.tools.check.reading import Reading
from common.tools.check.trace import Array

ROUNDING = 1e-9  # of a gradient that is 0, relative to the largest gradient
LOST = 2  # how many fewer digits a gradient has than a map
Gradients = Mapping[str, Array]


def training_differences(reading: Reading) -> Iterator[Difference]:
    """Yields the differences in training.

    They are dropouts, batch norms that are frozen or have a different `keep`, heads whose loss does
    not reach the backbone, and layers that receive no gradient or a wrong one.
    """
    yield from dropout_differences(reading)
    before, after = arrays_around_step(reading)
    plan = learning_plan(reading.plan, dict.fromkeys(reading.plan.heads, 1.0))
    right = step(plan, before, reading)
    norms = list(norm_differences(plan, before, after, right))
    yield from norms
    if any(each.what.endswith("frozen") for each in norms):
        return  # this explains all other differences
    found = {name: before[name] - after[name] for name in plan.parameter_shapes()}
    digits = min(reading.trace.digits - LOST, reading.trace.rough_digits)
    bound = 10.0**-digits  # Paddle's average pool also divides its gradient by a float32
    wrong = parted(found, right.gradients, bound)
    if wrong:
        silent = silent_heads(reading, before, found, bound)
        yield from silent
        if not silent:
            yield from gradient_differences(reading, found, right.gradients, wrong)


def arrays_around_step(reading: Reading) -> tuple[Gradients, Gradients]:
    """The arrays of the plan before and after the step, by name."""
    both: tuple[dict[str, Array], dict[str, Array]] = ({}, {})
    shapes = reading.plan.array_shapes()
    for path, number in reading.matcher.taken.items():
        weights = reading.trace.calls[number].weights, reading.trace.after[number]
        for arrays, own in zip(both, weights, strict=True):
            for role, array in own.items():
                name = f"{path}.{role}"
                if name in shapes:
                    arrays[name] = array.reshape(shapes[name])
    return both


def learning_plan(plan: Plan, weights: dict[str, float]) -> Plan:
    """The plan without dropout, with the losses of the heads multiplied by `weights`."""
    made = without_dropout(plan.spec)
    heads = {
        name: replace(head, weight=weights.get(name, 0.0)) for name, head in made.heads.items()
    }
    return make_plan(replace(made, heads=heads))


def step(plan: Plan, arrays: Gradients, reading: Reading) -> StepResult:
    """The reference's training step from the same weights on the same batch."""
    x = reading.trace.image
    return differentiate(plan, arrays, x, labels(len(x), plan.spec.classes))


def norm_differences(
    plan: Plan, before: Gradients, after: Gradients, right: StepResult
) -> Iterator[Difference]:
    """Yields batch norms that are frozen, or whose running means keep a different fraction."""
    for node in plan.nodes():
        name = f"{node.path}.running_mean"
        if name not in right.buffers:
            continue
        way, moved = right.buffers[name] - before[name], after[name] - before[name]
        if not moved.any():
            own, table = "as in evaluation", "by batch statistics"
            yield Difference(
                layer=node.path, what="batch norm in training: frozen", yours=own, table=table
            )
            continue
        share = float((moved * way).sum() / (way * way).sum())
        keep = 1 - share * (1 - node.keep)
        if relative_difference(moved, share * way) < 1e-6 and abs(keep - node.keep) > 1e-6:
            what = "batch norm: momentum (fraction kept)"
            yield Difference(
                layer=node.path,
                what=what,
                yours=f"{keep:.6g}",
                table=f"{node.keep:.6g}",
                kind=CONVENTION,
            )


def parted(found: Gradients, right: Gradients, bound: float) -> set[str]:
    """The parameters whose gradients differ."""
    largest = max(np.abs(array).max() for array in right.values())
    floor = ROUNDING * largest
    return {
        name
        for name, array in right.items()
        if np.abs(found[name] - array).max() > bound * max(np.abs(array).max(), floor)
        and max(np.abs(found[name]).max(), np.abs(array).max()) > floor
    }


def silent_heads(
    reading: Reading, before: Gradients, found: Gradients, bound: float
) -> list[Difference]:
    """The heads that learn but pass no gradient to the backbone, if that explains everything."""
    heads = list(reading.plan.heads)
    backbone = [name for name in found if name.split(".")[0] not in heads]
    for silent in [[head] for head in heads] + [heads] * (len(heads) > 1):
        weights = {head: float(head not in silent) for head in heads}
        right = step(learning_plan(reading.plan, weights), before, reading).gradients
        if not parted({n: found[n] for n in backbone}, {n: right[n] for n in backbone}, bound):
            own, table = "stops at the head", "reaches the backbone"
            what, first = "gradient of the head's loss", reading.plan.heads
            return [
                Difference(layer=first[h].children[0].path, what=what, yours=own, table=table)
                for h in silent
            ]
    return []


def gradient_differences(
    reading: Reading, found: Gradients, right: Gradients, wrong: set[str]
) -> Iterator[Difference]:
    """Yields the causes: layers with wrong gradients followed only by layers with right ones."""
    layers = dict.fromkeys(name.rpartition(".")[0] for name in right if name in wrong)
    ends = list(reading.matcher.taken)
    after: dict[str, list[str]] = {}
    for name in [*ends, RESULT, *reading.plan.heads]:
        for each in section(reading.graph, name, ends):
            after.setdefault(each, []).append(name)
    for layer in layers:
        if any(each in layers for each in after.get(layer, [])):
            continue
        own = [name for name in right if name.rpartition(".")[0] == layer and name in wrong]
        name = max(own, key=lambda each: np.abs(right[each]).max())
        size = np.abs(found[name]).max()
        far = f"differs by {relative_difference(found[name], right[name]):.1e}" if size else "none"
        number = reading.matcher.taken[layer]
        lines = reading.trace.calls[number].lines
        what = f"gradient of {name.rpartition('.')[2]}"
        yield Difference(
            layer=layer, what=what, yours=far, table="the reference's gradient", lines=lines
        )
