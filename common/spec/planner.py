"""Shape inference: resolves shapes, padding and the constants of batch norm for one input size."""

from bisect import bisect_left
from dataclasses import replace
from functools import partial
from math import prod

import numpy as np

from common import spec
from common.errors import UsageError
from common.spec import Layer, NetworkSpec, Shape, join, pair, shape_text
from common.spec.padding import slide
from common.spec.plan import Node, Plan


class InputDoesNotFit(UsageError):
    """A layer does not fit; the message gives the smallest square input that fits, up to 512.

    That size is only computed when the message is read, since many callers just test whether a
    network fits.
    """

    def __init__(self, fault: UsageError, network: NetworkSpec) -> None:
        super().__init__(str(fault))
        self.network = network

    def __str__(self) -> str:
        network, fault, least = self.network, super().__str__(), least_size(self.network)
        if least is None or min(network.input[1:]) >= least:
            return fault
        need = f"{fault}; {network.name} needs at least {least}x{least}"
        return need + (" with its heads" if network.aux else "")


def make_plan(network: NetworkSpec) -> Plan:
    """Builds the plan of a network from its spec; raises InputDoesNotFit if a layer does not."""
    try:
        return lay_out(network)
    except UsageError as error:
        raise InputDoesNotFit(error, network) from None


def least_size(network: NetworkSpec) -> int | None:
    """The side of the smallest square input that fits every layer; None if it is above 512."""

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
    """Builds the plan as `make_plan` does, but its error has no advice on the input size."""
    body = make_node(network.body, "", network.input)
    layers = {child.path: child for child in body.children}
    heads = {
        name: make_node(head.body, name, layers[head.after].output)
        for name, head in network.heads.items()
        if network.aux
    }
    return Plan(network, body, heads)


def make_node(layer: Layer, path: str, shape: Shape) -> Node:
    """The node of the layer at `path`, for an input of this shape."""
    learned: list[tuple[str, Shape]]
    node = partial(Node, path, layer, input=shape)
    match layer:
        case spec.Conv(channels, kernel, stride, padding, bias):
            size, pads = slide(path, shape, kernel, stride, padding)
            learned = [("weight", (channels, shape[0], *pair(kernel))), ("bias", (channels,))]
            learned = learned if bias else learned[:1]
            return node(output=(channels, *size), pads=pads, parameters=tuple(learned))
        case spec.DepthwiseConv(kernel, stride, padding, multiplier):
            size, pads = slide(path, shape, kernel, stride, padding)
            channels = shape[0] * multiplier
            learned = [("weight", (channels, 1, *pair(kernel)))]
            return node(output=(channels, *size), pads=pads, parameters=tuple(learned))
        case spec.BatchNorm(eps, keep, scale):
            each = shape[:1]
            learned = [("weight", each), ("bias", each)] if scale else [("bias", each)]
            held = (("running_mean", each), ("running_var", each))
            made = node(output=shape, parameters=tuple(learned), buffers=held)
            return replace(made, eps=float(np.float32(eps)), keep=float(np.float32(keep)))
        case spec.MaxPool(kernel, stride, padding) | spec.AvgPool(kernel, stride, padding):
            size, pads = slide(path, shape, kernel, stride, padding)
            return node(output=(shape[0], *size), pads=pads)
        case spec.AdaptiveAvgPool(size):
            return node(output=(shape[0], size, size))
        case spec.GlobalAvgPool():
            return node(output=(shape[0], 1, 1))
        case spec.ReLU() | spec.Dropout() | spec.LRN() | spec.Affine() | spec.L2Norm():
            return node(output=shape)
        case spec.Flatten():
            return node(output=(prod(shape),))
        case spec.Linear(features, bias):
            learned = [("weight", (features, *shape)), ("bias", (features,))]
            learned = learned if bias else learned[:1]
            return node(output=(features,), parameters=tuple(learned))
    return make_parent_node(layer, path, shape)


def make_parent_node(layer: Layer, path: str, shape: Shape) -> Node:
    """The node of a layer that contains other layers, with its children."""
    match layer:
        case spec.Chain(layers):
            children: list[Node] = []
            for name, inner in layers.items():
                before = children[-1].output if children else shape
                children.append(make_node(inner, join(path, name), before))
            return Node(
                path, layer, input=shape, output=children[-1].output, children=tuple(children)
            )
        case spec.Concat(branches):
            children = [make_node(each, join(path, name), shape) for name, each in branches.items()]
            output = join_channels(path, [child.output for child in children])
            return Node(path, layer, input=shape, output=output, children=tuple(children))
        case spec.Residual(branch, shortcut):
            parts = {"branch": branch} | ({"shortcut": shortcut} if shortcut else {})
            children = [make_node(part, join(path, name), shape) for name, part in parts.items()]
            ends = [child.output for child in children] + ([] if shortcut else [shape])
            if ends[0] != ends[1]:
                one, other = map(shape_text, ends)
                raise UsageError(f"{path}: {one} cannot be added to {other}")
            return Node(path, layer, input=shape, output=ends[0], children=tuple(children))
    raise TypeError(f"{path}: {layer!r} is not a layer type")


def join_channels(path: str, shapes: list[Shape]) -> Shape:
    """The shape of feature maps joined along the channels; raises UsageError if sizes differ."""
    if len({shape[1:] for shape in shapes}) > 1:
        raise UsageError(f"{path}: branches of unequal size {shapes} cannot be joined")
    return (sum(shape[0] for shape in shapes), *shapes[0][1:])
