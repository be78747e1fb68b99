"""Variants: the published versions of each paper's network, as overrides of one base spec.

A base spec follows one source. An override (`Override`) takes a path and the layer there, and
returns the layer that a different source has in its place; it is applied to every layer.
Paths inside a head begin with the head's name. Patterns are regular expressions for whole paths.
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
from common.spec.rewrite import Override, rewrite_network


@dataclass(frozen=True)
class Variant:
    """A published variant: its base spec and what it overrides.

    `base` returns the base spec for a number of classes; `overrides` are applied to it in order.
    `input` and `init` override those of the base spec unless they are None; `origin` and
    `preprocess` always do. Without `heads`, the base spec's heads are removed. `classes` is the
    published number of classes.
    """

    base: Callable[[int], NetworkSpec]
    origin: str
    overrides: tuple[Override, ...] = ()
    input: Shape | None = None
    classes: int = 1000
    heads: bool = True
    init: Init | None = None
    preprocess: Preprocess = SQUEEZE

    def network(self, name: str, classes: int | None) -> NetworkSpec:
        """The spec of this variant, called `name`; `classes` of None is the published number."""
        base = self.base(self.classes if classes is None else classes)
        network = replace(
            base,
            name=name,
            origin=self.origin,
            input=self.input or base.input,
            heads=base.heads if self.heads else {},
            init=self.init or base.init,
            preprocess=self.preprocess,
        )
        for override in self.overrides:
            network = rewrite_network(network, override)
        return network


def every(kind: type[Layer], **fields: Any) -> Override:
    """Returns an override that sets these fields in every layer of a type."""

    def change(_: str, layer: Layer) -> Layer:
        return replace(layer, **fields) if isinstance(layer, kind) else layer

    return change


def pad_strided(padding: Padding, *kinds: type[Layer]) -> Override:
    """Returns an override that sets the padding of all layers of these types that have stride 2."""

    def change(_: str, layer: Layer) -> Layer:
        match layer:
            case Conv(stride=2) | DepthwiseConv(stride=2) | MaxPool(stride=2) | AvgPool(stride=2):
                return replace(layer, padding=padding) if isinstance(layer, kinds) else layer
        return layer

    return change


def replace_at(pattern: str, other: Layer) -> Override:
    """Returns an override that replaces every layer whose path matches with `other`."""

    def change(path: str, layer: Layer) -> Layer:
        return other if re.fullmatch(pattern, path) else layer

    return change


def remove(pattern: str) -> Override:
    """Returns an override that removes every layer of a chain whose path matches."""

    def change(path: str, layer: Layer) -> Layer:
        if not isinstance(layer, Chain):
            return layer
        own = layer.layers.items()
        kept = {n: each for n, each in own if not re.fullmatch(pattern, join(path, n))}
        if kept == layer.layers:
            return layer
        # A unit that has lost a layer is no longer what its recorded function builds.
        is_conv_unit = any(isinstance(each, Conv) for _, each in own)
        return replace(layer, layers=kept, built_by=None if is_conv_unit else layer.built_by)

    return change


def insert(pattern: str, name: str, other: Layer) -> Override:
    """Returns an override that inserts `other` as `name` after every matching layer of a chain."""

    def change(path: str, layer: Layer) -> Layer:
        if not isinstance(layer, Chain):
            return layer
        layers: dict[str, Layer] = {}
        for own_name, each in layer.layers.items():
            layers[own_name] = each
            if re.fullmatch(pattern, join(path, own_name)):
                layers[name] = other
        return replace(layer, layers=layers)

    return change


def downscale_in_infer(pattern: str, name: str, rate: float) -> tuple[Override, ...]:
    """Returns overrides for Paddle's `downscale_in_infer` dropout at the matching paths.

    It does not scale in training, and multiplies by 1 - rate in evaluation. Here a dropout, which
    divides by 1 - rate in training, is followed by a layer that multiplies by 1 - rate in both.
    """
    return replace_at(pattern, Dropout(rate)), insert(
        pattern, f"{name}_scale", scale_by_keep_rate(rate)
    )


def scale_by_keep_rate(rate: float) -> Affine:
    """A layer that multiplies by 1 - rate, as a `downscale_in_infer` dropout does in evaluation."""
    return Affine((1 - rate,), (0.0,))


# Converts values normalised with ImageNet's means and standard deviations to 0.5 and 0.5.
TRANSFORM_INPUT = Affine(
    tuple(deviation / 0.5 for deviation in IMAGENET_DEVIATION),
    tuple((mean - 0.5) / 0.5 for mean in IMAGENET_MEAN),
)


def transform_input(path: str, layer: Layer) -> Layer:
    """Adds torchvision's `transform_input`, a first layer that renormalises ImageNet inputs."""
    if path or not isinstance(layer, Chain):
        return layer
    return Chain({"transform": TRANSFORM_INPUT, **layer.layers})


def conv_classifier(path: str, layer: Layer) -> Layer:
    """Uses TF-Slim's classifier: dropout 0.2, a 1x1 convolution on the pooled features, flatten."""
    match layer:
        case Chain({"flatten": flatten, "fc": Linear(classes), **others}) if not path:
            ending: dict[str, Layer] = {
                "dropout": Dropout(0.2),
                "fc": Conv(classes, 1),
                "flatten": flatten,
            }
            return Chain({**others, **ending})
    return layer
