"""Finds the plan that fits a file's arrays: heads, classes, channels and input size."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from math import prod

from common.arrays import Arrays
from common.errors import UsageError
from common.files import weights
from common.files.framework_axes import Layout
from common.networks import network
from common.spec import Shape
from common.spec.plan import Plan
from common.spec.planner import lay_out, make_plan


@cache
def full_plan(name: str) -> Plan:
    """The network's plan with all its parts: its heads, and a classifier with one class."""
    spec = network(name)
    return plan_if_it_fits(name, spec.input, 1, bool(spec.heads)) or make_plan(spec)


def find_plan(
    source: str, arrays: Arrays, about: Mapping, name: str, layout: Layout, backbone_only: bool
) -> Plan:
    """The network's plan with the heads, classes, channels and input size that fit the arrays.

    `about` is the file's metadata; with `backbone_only` there are no classes and no heads.
    """
    spec = network(name)
    ours = layout.from_layout(full_plan(name), arrays)
    classes = 0 if backbone_only else weights.count_classes(source, ours, spec)
    channels = weights.count_channels(ours, spec) or spec.input[0]
    heads = {
        key: array.shape
        for key, array in ours.items()
        if classes and key.split(".")[0] in spec.heads
    }
    recorded = about.get("input", spec.input)[1:]
    for rows, columns in (recorded, least_size_for(name, heads, channels, classes)):
        plan = plan_if_it_fits(name, (channels, rows, columns), classes, bool(heads))
        if plan and same_shapes(heads, plan):
            return plan
    return published_plan(name)


@cache
def names_there(layout: Layout, name: str) -> frozenset[str]:
    """The names in a format of all arrays that the network can have."""
    return frozenset(layout.names(full_plan(name)).values())


@cache
def published_plan(name: str) -> Plan:
    """The network's plan as published, without heads."""
    return make_plan(network(name))


def same_shapes(heads: Mapping[str, Shape], plan: Plan) -> bool:
    """Whether the heads' arrays have the plan's shapes, except for the number of classes."""
    shapes = plan.array_shapes()
    return all(shape[1:] == shapes.get(name, ())[1:] for name, shape in heads.items())


def least_size_for(name: str, heads: Mapping[str, Shape], channels: int, classes: int) -> Shape:
    """The smallest square input at which the heads have as many weights per class as these.

    `heads` has the shapes of the file's head arrays. A head's linear layer grows with the input;
    without heads, any size is suitable.
    """
    if not heads:
        return network(name).input[1:]

    def numbers(size: int) -> int:
        plan = plan_if_it_fits(name, (channels, size, size), classes, True)
        shapes = plan.array_shapes() if plan else {}
        return sum(prod(shapes[key][1:]) for key in heads if key in shapes)

    wanted = sum(prod(shape[1:]) for shape in heads.values())
    least = max(1, bisect_left(range(512), wanted, key=numbers))
    return (least, least)


@cache
def plan_if_it_fits(name: str, input: Shape, classes: int, aux: bool) -> Plan | None:
    """The network's plan, or None if the input is too small for it."""
    try:
        return lay_out(network(name, tuple(input), classes, aux))
    except UsageError:
        return None


def leave_heads_of_other_classes(
    plan: Plan, arrays: Arrays, layout: Layout, notes: list[str]
) -> tuple[Plan, Arrays]:
    """The plan and the arrays without heads, if the heads have a different number of classes."""
    shapes, ours = plan.array_shapes(), layout.from_layout(plan, arrays)
    wrong = [
        name
        for name, array in ours.items()
        if name.split(".")[0] in plan.heads and array.shape != shapes[name]
    ]
    same_but_for_classes = all(ours[name].shape[1:] == shapes[name][1:] for name in wrong)
    if not wrong or not same_but_for_classes or not ours[wrong[0]].ndim:
        return plan, arrays
    classes, spec = len(ours[wrong[0]]), plan.spec
    notes.append(f"heads ignored: they have {classes} classes, the classifier {spec.classes}")
    names = layout.names(plan)
    heads = {names[name] for name in ours if name.split(".")[0] in plan.heads}
    rest = {name: array for name, array in arrays.items() if name not in heads}
    return make_plan(replace(spec, aux=False)), rest


def takes_any_size(plan: Plan) -> bool:
    """Whether the same arrays fit other image sizes; a head's linear layer may prevent this."""
    spec = plan.spec
    channels, rows, columns = spec.input
    larger = plan_if_it_fits(spec.name, (channels, 2 * rows, 2 * columns), spec.classes, spec.aux)
    return larger is not None and larger.array_shapes() == plan.array_shapes()
