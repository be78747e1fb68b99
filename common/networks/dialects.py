"""Dialects: the published readings of one paper, each as what it changes in the table.

A table is written once, as one source has it. A change takes a path and the word there, and gives
the word that another source has in its place; paths inside a head begin with the head's name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from common.preprocess import IMAGENET_DEVIATION, IMAGENET_MEAN, SQUEEZE, Preprocess
from common.rewrite import Change, rewrite_network
from common.spec import (
    Affine,
    AvgPool,
    Chain,
    Conv,
    DepthwiseConv,
    Dropout,
    Init,
    Linear,
    MaxPool,
    NetworkSpec,
    Padding,
    Shape,
    Word,
    join,
)


@dataclass(frozen=True)
class Dialect:
    """A published reading: whose it is, the table it reads, and what it changes there.

    What is None stays as the table has it.
    """

    table: Callable[[int], NetworkSpec]
    origin: str
    changes: tuple[Change, ...] = ()
    input: Shape | None = None
    classes: int = 1000
    heads: bool = True
    init: Init | None = None
    preprocess: Preprocess = SQUEEZE

    def network(self, name: str, classes: int | None) -> NetworkSpec:
        """The network of this reading, for its own number of classes if none is given."""
        table = self.table(self.classes if classes is None else classes)
        network = replace(
            table,
            name=name,
            origin=self.origin,
            input=self.input or table.input,
            heads=table.heads if self.heads else {},
            init=self.init or table.init,
            preprocess=self.preprocess,
        )
        for change in self.changes:
            network = rewrite_network(network, change)
        return network


def every(kind: type[Word], **fields: Any) -> Change:
    """Gives every word of a kind these fields."""

    def change(_: str, word: Word) -> Word:
        return replace(word, **fields) if isinstance(word, kind) else word

    return change


def pad_strided(padding: Padding, *kinds: type[Word]) -> Change:
    """Gives every window of these kinds that moves by 2 this padding."""

    def change(_: str, word: Word) -> Word:
        match word:
            case Conv(stride=2) | DepthwiseConv(stride=2) | MaxPool(stride=2) | AvgPool(stride=2):
                return replace(word, padding=padding) if isinstance(word, kinds) else word
        return word

    return change


def put(pattern: str, other: Word) -> Change:
    """Puts another word wherever the path matches."""

    def change(path: str, word: Word) -> Word:
        return other if re.fullmatch(pattern, path) else word

    return change


def drop(pattern: str) -> Change:
    """Leaves out the steps whose path matches."""

    def change(path: str, word: Word) -> Word:
        if not isinstance(word, Chain):
            return word
        steps = word.steps.items()
        kept = {n: step for n, step in steps if not re.fullmatch(pattern, join(path, n))}
        return Chain(kept)

    return change


def insert(pattern: str, name: str, other: Word) -> Change:
    """Puts one more step behind those whose path matches."""

    def change(path: str, word: Word) -> Word:
        if not isinstance(word, Chain):
            return word
        steps: dict[str, Word] = {}
        for own_name, step in word.steps.items():
            steps[own_name] = step
            if re.fullmatch(pattern, join(path, own_name)):
                steps[name] = other
        return Chain(steps)

    return change


def downscale(pattern: str, name: str, rate: float) -> tuple[Change, ...]:
    """Paddle's `downscale_in_infer`: not scaled in training, times 1 - rate in evaluation."""
    return put(pattern, Dropout(rate)), insert(pattern, f"{name}_scale", downscaled(rate))


def downscaled(rate: float) -> Affine:
    """The scale that stands behind such a dropout."""
    return Affine((1 - rate,), (0.0,))


# From ImageNet's mean and deviation of each channel to 0.5 and 0.5.
TRANSFORM_INPUT = Affine(
    tuple(deviation / 0.5 for deviation in IMAGENET_DEVIATION),
    tuple((mean - 0.5) / 0.5 for mean in IMAGENET_MEAN),
)


def transform_input(path: str, word: Word) -> Word:
    """torchvision's option: an input that was normalised for ImageNet is normalised anew."""
    if path or not isinstance(word, Chain):
        return word
    return Chain({"transform": TRANSFORM_INPUT, **word.steps})


def conv_classifier(path: str, word: Word) -> Word:
    """TF-Slim's classifier: dropout 0.2 and a 1x1 convolution on the pooled map, then flattened."""
    match word:
        case Chain({"flatten": flatten, "fc": Linear(classes), **steps}) if not path:
            ending: dict[str, Word] = {
                "dropout": Dropout(0.2),
                "fc": Conv(classes, 1),
                "flatten": flatten,
            }
            return Chain({**steps, **ending})
    return word
