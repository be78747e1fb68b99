"""What differs between two networks, in words and numbers."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import judge
from common.analysis.names import word_name
from common.analysis.reach import reach
from common.data import images
from common.initial import Arrays, initial_arrays
from common.plan import Node, Plan
from common.reference import relative
from common.spec import BatchNorm, Rule, Word, shape_text

SENTENCES = {
    "first": "{one} only in the first",
    "second": "{other} only in the second",
    "word": "{one} against {other}",
    "field": "{word}: {field} {one} against {other}",
}


@dataclass(frozen=True)
class Change:
    """How two layers at one path differ: which of the sentences says it, and what stands in it."""

    sentence: str
    one: str = ""
    other: str = ""
    word: str = ""
    field: str = ""

    @property
    def what(self) -> str:
        """It in words."""
        return SENTENCES[self.sentence].format(**vars(self))


@dataclass(frozen=True)
class Difference:
    """One thing that differs, at all the places where it does."""

    change: Change
    paths: tuple[str, ...]

    @property
    def what(self) -> str:
        """What differs, in words."""
        return self.change.what


@dataclass(frozen=True)
class Effect:
    """What the same weights give in the two networks, on the same photographs."""

    shared: int
    total: int
    relative: float
    same_top: bool


def differences(one: Plan, other: Plan) -> list[Difference]:
    """Every difference between words at the same path, and every path only one of them has."""
    first, second = leaves(one), leaves(other)
    found: dict[Change, list[str]] = {}
    for path in first | second:
        for change in changes(first.get(path), second.get(path)):
            found.setdefault(change, []).append(path)
    return [Difference(change, tuple(paths)) for change, paths in found.items()]


def leaves(plan: Plan) -> dict[str, Node]:
    """The layers that compute something themselves, by path."""
    return {node.path: node for node in plan.nodes() if not node.children}


def changes(one: Node | None, other: Node | None) -> list[Change]:
    """How two layers at one path differ."""
    if other is None:
        return [Change("first", one=describe(one.word))] if one else []
    if one is None:
        return [Change("second", other=describe(other.word))]
    if type(one.word) is not type(other.word):
        return [Change("word", describe(one.word), describe(other.word))]
    found = []
    for field in fields(one.word):
        first, second = (getattr(node.word, field.name) for node in (one, other))
        if first != second:
            values = value_text(first), value_text(second)
            name = field.name.replace("_", " ")
            found.append(Change("field", *values, word_name(one.word), name))
    return found


def describe(word: Word) -> str:
    """The word with what distinguishes it."""
    if isinstance(word, BatchNorm):
        return f"batch norm (eps {word.eps:g}{'' if word.scale else ', no scale'})"
    return word_name(word)


def value_text(value: Any) -> str:
    """A field's value for people."""
    return value.name if isinstance(value, Rule) else f"{value}"


def shape_changes(one: Plan, other: Plan) -> list[tuple[str, str, str]]:
    """The body's steps that both have, with outputs of unequal shape: path, shape, shape."""
    theirs = {step.path: step for step in other.body.children}
    return [
        (step.path, shape_text(step.output), shape_text(theirs[step.path].output))
        for step in one.body.children
        if step.path in theirs and theirs[step.path].output != step.output
    ]


def effect(one: Plan, other: Plan) -> Effect | None:
    """Both networks on the two photographs with the first one's weights wherever they fit.

    None if their outputs cannot be compared. Whatever only the second has starts as it would.
    """
    if one.body.output != other.body.output or one.network.input[0] not in images.MODES:
        return None
    first, second = initial_arrays(one, 0), initial_arrays(other, 0)
    shared = {
        name: first[name]
        for name, array in second.items()
        if name in first and first[name].shape == array.shape
    }
    expected, found = logits(one, first), logits(other, second | shared)
    same_top = bool(np.array_equal(expected.argmax(axis=1), found.argmax(axis=1)))
    return Effect(len(shared), len(second), relative(found, expected), same_top)


def logits(plan: Plan, arrays: Arrays) -> NDArray[np.float64]:
    """What the judge makes of the two photographs."""
    x = images.batch(images.photographs(), plan.network.input, plan.network.preprocess)
    net = judge.load_network(plan, arrays, "float64")
    return judge.run(net, x, [])[plan.network.output]


def totals(one: Plan, other: Plan) -> list[tuple[str, int, int]]:
    """The totals of two plans side by side: what, the first's, the second's."""
    return [
        ("backbone parameters", one.trunk_parameter_count, other.trunk_parameter_count),
        ("all parameters", one.parameter_count, other.parameter_count),
        ("multiply-adds", one.multiply_adds, other.multiply_adds),
        ("depth", reach(one).depth, reach(other).depth),
        ("receptive field, in rows", reach(one).field, reach(other).field),
    ]
