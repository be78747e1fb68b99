"""Variants: the published versions of each paper's network, as overrides of one base spec.

A base spec follows one source. An override takes a path and the layer there, and returns the layer
that a different source uses instead; paths inside a head begin with the head's name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from common.spec import (
    Affine,
    AvgPool,
    Chain,
    Conv,
    DepthwiseConv,
    Dropout,
    Init,
    Layer,
    Linear,
    MaxPool,
    NetworkSpec,
    Padding,
    Shape,
    join,
)
from common.spec.preprocess import IMAGENET_DEVIATION, IMAGENET_MEAN, SQUEEZE, Preprocess
from common.spec.rewrite import Change, rewrite_network


@dataclass(frozen=True)
class Variant:
    """A published variant: its origin, its base spec and its overrides.

    A field that is None keeps the value of the base spec.
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
        """The spec of this variant; `classes` defaults to the variant's own number of classes."""
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


def every(kind: type[Layer], **fields: Any) -> Change:
    """Returns an override that sets these fields on every layer of a type."""

    def change(_: str, layer: Layer) -> Layer:
        return replace(layer, **fields) if isinstance(layer, kind) else layer

    return change


def pad_strided(padding: Padding, *kinds: type[Layer]) -> Change:
    """Returns an override that sets the padding of all layers of these types with stride 2."""

    def change(_: str, layer: Layer) -> Layer:
        match layer:
            case Conv(stride=2) | DepthwiseConv(stride=2) | MaxPool(stride=2) | AvgPool(stride=2):
                return replace(layer, padding=padding) if isinstance(layer, kinds) else layer
        return layer

    return change


def put(pattern: str, other: Layer) -> Change:
    """Returns an override that replaces every layer whose path matches with `other`."""

    def change(path: str, layer: Layer) -> Layer:
        return other if re.fullmatch(pattern, path) else layer

    return change


def drop(pattern: str) -> Change:
    """Returns an override that removes the steps whose paths match."""

    def change(path: str, layer: Layer) -> Layer:
        if not isinstance(layer, Chain):
            return layer
        own = layer.steps.items()
        kept = {n: step for n, step in own if not re.fullmatch(pattern, join(path, n))}
        if kept == layer.steps:
            return layer
        # A unit without one of its layers no longer matches its figure.
        is_unit = any(isinstance(step, Conv) for _, step in own)
        return replace(layer, steps=kept, figure=None if is_unit else layer.figure)

    return change


def insert(pattern: str, name: str, other: Layer) -> Change:
    """Returns an override that inserts the step `other` after every step whose path matches."""

    def change(path: str, layer: Layer) -> Layer:
        if not isinstance(layer, Chain):
            return layer
        steps: dict[str, Layer] = {}
        for own_name, step in layer.steps.items():
            steps[own_name] = step
            if re.fullmatch(pattern, join(path, own_name)):
                steps[name] = other
        return replace(layer, steps=steps)

    return change


def downscale(pattern: str, name: str, rate: float) -> tuple[Change, ...]:
    """Paddle's `downscale_in_infer` dropout: unscaled in training, times 1 - rate in evaluation."""
    return put(pattern, Dropout(rate)), insert(pattern, f"{name}_scale", downscaled(rate))


def downscaled(rate: float) -> Affine:
    """The scaling layer after such a dropout."""
    return Affine((1 - rate,), (0.0,))


# From ImageNet's mean and standard deviation of each channel to 0.5 and 0.5.
TRANSFORM_INPUT = Affine(
    tuple(deviation / 0.5 for deviation in IMAGENET_DEVIATION),
    tuple((mean - 0.5) / 0.5 for mean in IMAGENET_MEAN),
)


def transform_input(path: str, layer: Layer) -> Layer:
    """Adds torchvision's `transform_input`, which renormalises inputs normalised for ImageNet."""
    if path or not isinstance(layer, Chain):
        return layer
    return Chain({"transform": TRANSFORM_INPUT, **layer.steps})


def conv_classifier(path: str, layer: Layer) -> Layer:
    """Uses TF-Slim's classifier: dropout 0.2, a 1x1 convolution on the pooled map, then flatten."""
    match layer:
        case Chain({"flatten": flatten, "fc": Linear(classes), **steps}) if not path:
            ending: dict[str, Layer] = {
                "dropout": Dropout(0.2),
                "fc": Conv(classes, 1),
                "flatten": flatten,
            }
            return Chain({**steps, **ending})
    return layer
