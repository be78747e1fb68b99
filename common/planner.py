"""Walks a network for one input size: shapes, padding and eps in numbers, parameters."""

from bisect import bisect_left
from dataclasses import replace
from math import prod

import numpy as np

from common import spec
from common.errors import UsageError
from common.plan import Node, Plan
from common.spec import NetworkSpec, Shape, Word, join, pair, shape_text
from common.windows import NO_PADS, slide


def make_plan(network: NetworkSpec) -> Plan:
    """Lays a network out for its input; raises UsageError, naming the least that fits."""
    try:
        return lay_out(network)
    except UsageError as error:
        least = least_size(network)
        if least is None or min(network.input[1:]) >= least:
            raise
        need = f"{error}; {network.name} needs at least {least}x{least}"
        raise UsageError(need + (" with its heads" if network.aux else "")) from None


def least_size(network: NetworkSpec) -> int | None:
    """The rows and columns of the least square input that every layer fits, up to 512."""

    def fits(size: int) -> bool:
        try:
            lay_out(replace(network, input=(network.input[0], size, size)))
        except UsageError:
            return False
        return True

    sizes = range(1, 513)
    least = bisect_left(sizes, True, key=fits) + 1
    return least if least in sizes else None


def lay_out(network: NetworkSpec) -> Plan:
    """Lays a network out for its input; raises UsageError where a layer does not fit."""
    body = place(network.body, "", network.input)
    steps = {step.path: step for step in body.children}
    heads = {
        name: place(head.body, name, steps[head.after].output)
        for name, head in network.heads.items()
        if network.aux
    }
    return Plan(network, body, heads)


def place(word: Word, path: str, shape: Shape) -> Node:
    """One word where its input has this shape."""
    learned: list[tuple[str, Shape]]
    match word:
        case spec.Conv(channels, kernel, stride, padding, bias):
            size, pads = slide(path, shape, kernel, stride, padding)
            learned = [("weight", (channels, shape[0], *pair(kernel))), ("bias", (channels,))]
            learned = learned if bias else learned[:1]
            return Node(path, word, shape, (channels, *size), pads, parameters=tuple(learned))
        case spec.DepthwiseConv(kernel, stride, padding, multiplier):
            size, pads = slide(path, shape, kernel, stride, padding)
            channels = shape[0] * multiplier
            learned = [("weight", (channels, 1, *pair(kernel)))]
            return Node(path, word, shape, (channels, *size), pads, parameters=tuple(learned))
        case spec.BatchNorm(eps, keep, scale):
            each, numbers = shape[:1], (float(np.float32(eps)), float(np.float32(keep)))
            learned = [("weight", each), ("bias", each)] if scale else [("bias", each)]
            held = (("running_mean", each), ("running_var", each))
            return Node(path, word, shape, shape, NO_PADS, *numbers, tuple(learned), held)
        case spec.MaxPool(kernel, stride, padding) | spec.AvgPool(kernel, stride, padding):
            size, pads = slide(path, shape, kernel, stride, padding)
            return Node(path, word, shape, (shape[0], *size), pads)
        case spec.AdaptiveAvgPool(size):
            return Node(path, word, shape, (shape[0], size, size))
        case spec.GlobalAvgPool():
            return Node(path, word, shape, (shape[0], 1, 1))
        case spec.ReLU() | spec.Dropout() | spec.LRN() | spec.Affine() | spec.L2Norm():
            return Node(path, word, shape, shape)
        case spec.Flatten():
            return Node(path, word, shape, (prod(shape),))
        case spec.Linear(features, bias):
            learned = [("weight", (features, *shape)), ("bias", (features,))]
            learned = learned if bias else learned[:1]
            return Node(path, word, shape, (features,), parameters=tuple(learned))
    return place_with_children(word, path, shape)


def place_with_children(word: Word, path: str, shape: Shape) -> Node:
    """A word that holds others, and those within it."""
    match word:
        case spec.Chain(steps):
            children: list[Node] = []
            for name, step in steps.items():
                before = children[-1].output if children else shape
                children.append(place(step, join(path, name), before))
            return Node(path, word, shape, children[-1].output, children=tuple(children))
        case spec.Concat(branches):
            children = [place(step, join(path, name), shape) for name, step in branches.items()]
            output = join_channels(path, [child.output for child in children])
            return Node(path, word, shape, output, children=tuple(children))
        case spec.Residual(branch, shortcut):
            parts = {"branch": branch} | ({"shortcut": shortcut} if shortcut else {})
            children = [place(part, join(path, name), shape) for name, part in parts.items()]
            ends = [child.output for child in children] + ([] if shortcut else [shape])
            if ends[0] != ends[1]:
                one, other = map(shape_text, ends)
                raise UsageError(f"{path}: {one} cannot be added to {other}")
            return Node(path, word, shape, ends[0], children=tuple(children))
    raise TypeError(f"{path}: {word!r} is not a word of the grammar")


def join_channels(path: str, shapes: list[Shape]) -> Shape:
    """The shape of maps joined along the channels."""
    if len({shape[1:] for shape in shapes}) > 1:
        raise UsageError(f"{path}: branches of unequal size {shapes} cannot be joined")
    return (sum(shape[0] for shape in shapes), *shapes[0][1:])
