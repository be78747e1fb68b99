"""The mistakes of the catalogue that apply to a step, and what each would do to its output."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from common import spec
from common.reference.layers import Array, Weights, compute
from common.reference.numerics import relative_difference
from common.spec import PaddingRule, pair
from common.spec.plan import Node

Windowed = spec.Conv | spec.DepthwiseConv | spec.MaxPool | spec.AvgPool


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The effect of a mistake on one layer's output for one image.

    `error` is relative to the largest correct value. `right` and `wrong` are the channel in which
    they differ most; empty for a vector.
    """

    path: str
    error: float
    channel: int
    right: Array
    wrong: Array


@dataclass(frozen=True)
class Note:
    """A mistake that is easy to make at a step: a row of docs/differences.md, and its effect."""

    name: str
    values: Mapping[str, object]
    measured: Measured | None = None


Measurements = Mapping[tuple[str, str], Measured]  # by the mistake's name and the layer's path


def notes_of(node: Node, measurements: Measurements) -> tuple[Note, ...]:
    """The notes on a step and its contents, each for the layer that it affects most."""
    notes = []
    for name, applies in APPLIES.items():
        nodes = [each for each in node.walk() if applies(each)]
        if nodes:
            measured = [measurements[name, n.path] for n in nodes if (name, n.path) in measurements]
            most = max(measured, key=lambda each: each.error, default=None)
            at = next((each for each in nodes if most and each.path == most.path), nodes[0])
            notes.append(Note(name, window_values(at), most))
    return tuple(notes)


def window_values(node: Node) -> dict[str, object]:
    """The numbers that a note on padding mentions."""
    if not isinstance(node.layer, Windowed):
        return {}
    rows, columns = pair(node.layer.kernel)
    before, after = node.pads[0]
    half, stride = rows // 2, pair(node.layer.stride)[0]
    sizes = {"before": before, "after": after, "half": half, "rows": node.input[1]}
    return {"kernel": f"{rows}×{columns}", "stride": stride} | sizes


@dataclass
class Measuring:
    """Computes layers as the reference does, and beside them what each mistake would compute."""

    found: dict[tuple[str, str], Measured] = field(default_factory=dict)
    flattened: tuple[str, Array] | None = None  # in the wrong order, for the next linear layer

    def compute(self, node: Node, x: Array, own: Weights) -> Array:
        """The output of a leaf layer."""
        y = compute(node, x, own)
        for name, naive in NAIVE.items():
            if APPLIES[name](node):
                self.measure(name, node.path, node.path, y, naive(node, x, own))
        if APPLIES["flatten"](node):
            self.flattened = node.path, x.transpose(0, 2, 3, 1).reshape(len(x), -1)
        elif isinstance(node.layer, spec.Linear) and self.flattened:
            path, turned = self.flattened
            self.measure("flatten", path, node.path, y, compute(node, turned, own))
            self.flattened = None
        return y

    def measure(self, name: str, path: str, shown: str, right: Array, wrong: Array) -> None:
        """Stores the effect of one mistake, at `path`, on the layer at `shown`."""
        error, channel = relative_difference(wrong, right), 0
        if right.ndim == 4:
            channel = int(np.abs(wrong - right)[0].max(axis=(1, 2)).argmax())
            right, wrong = right[0, channel], wrong[0, channel]
        else:
            right = wrong = np.empty((0, 0))
        self.found[name, path] = Measured(
            path=shown, error=error, channel=channel, right=right, wrong=wrong
        )


def padded_by_half(node: Node) -> Node:
    """The layer padded by half its window on all sides."""
    assert isinstance(node.layer, Windowed)
    rows, columns = pair(node.layer.kernel)
    return replace(node, pads=((rows // 2,) * 2, (columns // 2,) * 2))


def same_shape(node: Node, layer: Windowed) -> bool:
    """Whether padding by half the window gives the same shape, so that it raises no error."""
    sizes = zip(pair(layer.kernel), pair(layer.stride), node.input[1:], strict=True)
    return node.output[1:] == tuple((n + 2 * (k // 2) - k) // s + 1 for k, s, n in sizes)


def padded_by(node: Node, rule: PaddingRule) -> bool:
    """Whether a rule pads a layer unevenly, where half the window would give the same shape."""
    layer = node.layer
    if not isinstance(layer, Windowed) or layer.padding is not rule:
        return False
    return any(before != after for before, after in node.pads) and same_shape(node, layer)


def averages(node: Node, counted: bool) -> bool:
    """Whether a node is a padded average pool whose `counts_border` equals `counted`."""
    layer = node.layer
    padded = any(max(pads) for pads in node.pads)
    return isinstance(layer, spec.AvgPool) and padded and layer.counts_border == counted


def has_eps(node: Node, eps: float) -> bool:
    """Whether a node is a batch norm with this eps."""
    return isinstance(node.layer, spec.BatchNorm) and node.layer.eps == eps


def recount(node: Node, x: Array, own: Weights) -> Array:
    """An average pool with the border counted if it should not be, and the other way round."""
    assert isinstance(node.layer, spec.AvgPool)
    layer = replace(node.layer, counts_border=not node.layer.counts_border)
    return compute(replace(node, layer=layer), x, own)


def undivided(node: Node, x: Array, own: Weights) -> Array:
    """A local response norm whose alpha is not divided by the size."""
    assert isinstance(node.layer, spec.LRN)
    layer = replace(node.layer, alpha=node.layer.alpha * node.layer.size)
    return compute(replace(node, layer=layer), x, own)


def reshaped(node: Node, x: Array, own: Weights) -> Array:
    """A depthwise convolution whose weights were reshaped to Keras' layout, not transposed."""
    weight = own["weight"]
    each = len(weight) // node.input[0]
    turned = weight.reshape(*weight.shape[2:], node.input[0], each).transpose(2, 3, 0, 1)
    return compute(node, x, {"weight": turned.reshape(weight.shape)})


# The layers to which a mistake applies; each is a row of docs/differences.md.
APPLIES: dict[str, Callable[[Node], bool]] = {
    "same": lambda node: padded_by(node, PaddingRule.SAME),
    "ceil": lambda node: padded_by(node, PaddingRule.CEIL),
    "average": lambda node: averages(node, counted=False),
    "counted": lambda node: averages(node, counted=True),
    "lrn": lambda node: isinstance(node.layer, spec.LRN),
    "eps": lambda node: has_eps(node, 1e-3),
    "small_eps": lambda node: has_eps(node, 1e-5),
    "flatten": lambda node: isinstance(node.layer, spec.Flatten) and node.input[1:] != (1, 1),
    "depthwise": lambda node: isinstance(node.layer, spec.DepthwiseConv),
}
# What a layer computes by mistake; the effect of the order of flattening is that on the next layer.
NAIVE: dict[str, Callable[[Node, Array, Weights], Array]] = {
    "same": lambda node, x, own: compute(padded_by_half(node), x, own),
    "ceil": lambda node, x, own: compute(padded_by_half(node), x, own),
    "average": recount,
    "counted": recount,
    "lrn": undivided,
    "eps": lambda node, x, own: compute(replace(node, eps=1e-5), x, own),
    "small_eps": lambda node, x, own: compute(replace(node, eps=1e-3), x, own),
    "depthwise": reshaped,
}
