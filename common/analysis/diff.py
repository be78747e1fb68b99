"""What differs between two networks, in words and numbers."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from common import reference
from common.data import images
from common.initial import initial
from common.plan import Layer, Plan
from common.reference import relative
from common.spec import BatchNorm, Rule, Word, by, in_words


@dataclass(frozen=True)
class Difference:
    """One thing that differs, at all the places where it does."""

    what: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Effect:
    """What the same weights give in the two networks, on the same photographs."""

    shared: int
    of: int
    relative: float
    same_top: bool


def differences(one: Plan, other: Plan) -> list[Difference]:
    """Every difference between words at the same path, and every path only one of them has."""
    mine, theirs = leaves(one), leaves(other)
    found: dict[str, list[str]] = {}
    for path in [*mine, *(path for path in theirs if path not in mine)]:
        for what in told(mine.get(path), theirs.get(path)):
            found.setdefault(what, []).append(path)
    return [Difference(what, tuple(paths)) for what, paths in found.items()]


def leaves(plan: Plan) -> dict[str, Layer]:
    """The layers that compute something themselves, by path."""
    return {layer.path: layer for layer in plan.layers() if not layer.children}


def told(one: Layer | None, other: Layer | None) -> list[str]:
    """How two layers at one path differ."""
    if other is None:
        return [f"{described(one.word)} only in the first"] if one else []
    if one is None:
        return [f"{described(other.word)} only in the second"]
    if type(one.word) is not type(other.word):
        return [f"{described(one.word)} against {described(other.word)}"]
    return [
        f"{in_words(one.word)}: {field.name.replace('_', ' ')} {shown(a)} against {shown(b)}"
        for field in fields(one.word)
        if (a := getattr(one.word, field.name)) != (b := getattr(other.word, field.name))
    ]


def described(word: Word) -> str:
    """The word with what distinguishes it."""
    if isinstance(word, BatchNorm):
        return f"batch norm (eps {word.eps:g}{'' if word.scale else ', no scale'})"
    return in_words(word)


def shown(value: Any) -> str:
    """A field's value for people."""
    return value.name if isinstance(value, Rule) else f"{value}"


def reshaped(one: Plan, other: Plan) -> list[tuple[str, str, str]]:
    """The body's steps that both have, with outputs of unequal shape: path, shape, shape."""
    theirs = {step.path: step for step in other.body.children}
    return [
        (step.path, by(step.output), by(theirs[step.path].output))
        for step in one.body.children
        if step.path in theirs and theirs[step.path].output != step.output
    ]


def effect(one: Plan, other: Plan) -> Effect | None:
    """Both networks on the two photographs with the first one's weights wherever they fit.

    None if their outputs cannot be compared. Whatever only the second has starts as it would.
    """
    if one.body.output != other.body.output or one.network.input[0] not in images.MODES:
        return None
    first, second = initial(one, 0), initial(other, 0)
    fitting = [name for name, a in second.items() if name in first and first[name].shape == a.shape]
    second |= {name: first[name] for name in fitting}
    results = []
    for plan, arrays in ((one, first), (other, second)):
        x = images.batch(images.photographs(), plan.network.input)
        net = reference.loaded(plan, arrays, "float64")
        results.append(reference.run(net, x, [])[plan.network.output])
    mine, theirs = results
    same = bool(np.array_equal(mine.argmax(axis=1), theirs.argmax(axis=1)))
    return Effect(len(fitting), len(second), relative(theirs, mine), same)
