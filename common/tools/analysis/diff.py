"""The differences between two networks, in words and numbers."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.data import images
from common.reference import network as reference
from common.reference.numerics import relative_difference
from common.spec import BatchNorm, Layer, PaddingRule, shape_text
from common.spec.initial import Arrays, initial_arrays
from common.spec.plan import Node, Plan
from common.tools.analysis.receptive_field import reach

INPUT = "input"  # where the input's channels differ; no layer has this path
SIZES = ("kernel", "stride", "padding")  # a number, or one for rows and one for columns
SENTENCES = {
    "input": "input channels {one} vs. {other}",
    "first": "{one} only in the first",
    "second": "{other} only in the second",
    "layer": "{one} vs. {other}",
    "field": "{layer}: {field} {one} vs. {other}",
}


@dataclass(frozen=True, kw_only=True)
class LayerChange:
    """A difference between two layers at a path: a key of `SENTENCES`, and the values for it."""

    sentence: str
    one: str = ""
    other: str = ""
    layer: str = ""
    field: str = ""

    @property
    def what(self) -> str:
        """The difference in words."""
        return SENTENCES[self.sentence].format(**vars(self))


@dataclass(frozen=True)
class PlanDifference:
    """One difference, with all the paths where it occurs."""

    change: LayerChange
    paths: tuple[str, ...]

    @property
    def what(self) -> str:
        """The difference in words."""
        return self.change.what


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The difference between the outputs of two networks with equal weights on two photographs.

    `shared` of the second network's `total` arrays have the first one's values; `relative` is the
    largest difference between the logits, relative to the largest logit; `same_top` says whether
    the top class of every photograph is the same.
    """

    shared: int
    total: int
    relative: float
    same_top: bool


def plan_differences(one: Plan, other: Plan) -> list[PlanDifference]:
    """Every difference between layers at the same path, and every path that only one plan has.

    It begins with the channels of the input.
    """
    first, second = leaves(one), leaves(other)
    by_change: dict[LayerChange, list[str]] = {}
    for change in input_changes(one.spec.input[0], other.spec.input[0]):
        by_change[change] = [INPUT]
    for path in first | second:
        for change in layer_changes(first.get(path), second.get(path)):
            by_change.setdefault(change, []).append(path)
    return [PlanDifference(change, tuple(paths)) for change, paths in by_change.items()]


def leaves(plan: Plan) -> dict[str, Node]:
    """The nodes without children, by path."""
    return {node.path: node for node in plan.nodes() if not node.children}


def input_changes(one: int, other: int) -> list[LayerChange]:
    """The difference between the numbers of channels of two inputs, if there is one."""
    return [] if one == other else [LayerChange(sentence="input", one=f"{one}", other=f"{other}")]


def layer_changes(one: Node | None, other: Node | None) -> list[LayerChange]:
    """The differences between the layers at one path; None stands for a missing layer."""
    if other is None:
        return [LayerChange(sentence="first", one=layer_summary(one.layer))] if one else []
    if one is None:
        return [LayerChange(sentence="second", other=layer_summary(other.layer))]
    if type(one.layer) is not type(other.layer):
        return [
            LayerChange(
                sentence="layer", one=layer_summary(one.layer), other=layer_summary(other.layer)
            )
        ]
    changed = []
    for field in fields(one.layer):
        first, second = (setting(node, field.name) for node in (one, other))
        if field.compare and first != second and not same_pads(one, other, field.name):
            changed.append(
                LayerChange(
                    sentence="field",
                    one=value_text(first),
                    other=value_text(second),
                    layer=one.layer.label,
                    field=field.name.replace("_", " "),
                )
            )
    return changed


def setting(node: Node, field: str) -> Any:
    """A layer's setting; sizes that are equal are equal however they are written."""
    value = getattr(node.layer, field)
    if field in SIZES and isinstance(value, tuple) and len(set(value)) == 1:
        return value[0]
    return value


def same_pads(one: Node, other: Node, field: str) -> bool:
    """Whether a field is the padding and both plans resolved it to the same numbers."""
    return field == "padding" and one.pads == other.pads


def layer_summary(layer: Layer) -> str:
    """The layer's name; for batch norm also its `eps` and whether its scale is missing."""
    if isinstance(layer, BatchNorm):
        return f"batch norm (eps {layer.eps:g}{'' if layer.scale else ', no scale'})"
    return layer.label


def value_text(value: Any) -> str:
    """A field's value as readable text; a tuple of one value is that value."""
    if isinstance(value, tuple) and len(value) == 1:
        [value] = value
    return value.name if isinstance(value, PaddingRule) else f"{value}"


def shape_changes(one: Plan, other: Plan) -> list[tuple[str, str, str]]:
    """The path and the two output shapes of each layer of both bodies whose shapes differ."""
    theirs = {child.path: child for child in other.body.children}
    return [
        (child.path, shape_text(child.output), shape_text(theirs[child.path].output))
        for child in one.body.children
        if child.path in theirs and theirs[child.path].output != child.output
    ]


def effect(one: Plan, other: Plan) -> Effect | None:
    """Runs both networks on the two photographs, with the first one's weights wherever they fit.

    All other arrays of the second keep their own initial values. Returns None if the outputs
    cannot be compared.
    """
    if one.body.output != other.body.output or one.spec.input[0] not in images.MODES:
        return None
    first, second = initial_arrays(one, 0), initial_arrays(other, 0)
    shared = {
        name: first[name]
        for name, array in second.items()
        if name in first and first[name].shape == array.shape
    }
    expected, actual = logits(one, first), logits(other, second | shared)
    same_top = bool(np.array_equal(expected.argmax(axis=1), actual.argmax(axis=1)))
    return Effect(
        shared=len(shared),
        total=len(second),
        relative=relative_difference(actual, expected),
        same_top=same_top,
    )


def logits(plan: Plan, arrays: Arrays) -> NDArray[np.float64]:
    """The reference's output for the two photographs."""
    x = images.batch(images.photographs(), plan.spec.input, plan.spec.preprocess)
    net = reference.load_network(plan, arrays, "float64")
    return reference.forward_pass(net, x, [])[plan.spec.output]


def totals(one: Plan, other: Plan) -> list[tuple[str, int, int]]:
    """The totals of two plans: a label, the first plan's value and the second plan's value each."""
    return [
        ("backbone parameters", one.backbone_parameter_count, other.backbone_parameter_count),
        ("all parameters", one.parameter_count, other.parameter_count),
        ("multiply-adds", one.multiply_adds, other.multiply_adds),
        ("depth", reach(one).depth, reach(other).depth),
        ("receptive field, in pixels", reach(one).field, reach(other).field),
    ]
