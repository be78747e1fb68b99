"""The layers that people have in the place of a layer of the plan, the most similar first."""

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import product

from common import spec
from common.spec import Layer
from common.tools.check import foreign_layers as others
from common.tools.check.graph import Op, Other
from common.tools.check.layer_hypotheses import PADDINGS


def instead(op: Op) -> Iterator[Layer | Other | None]:
    """Yields the layers that may replace an op's layer; None removes it."""
    match op.layer:
        case spec.ReLU():
            yield from (None, *others.ACTIVATIONS)
        case Other() if others.is_activation(op.layer):
            yield from (spec.ReLU(), None)
        case spec.MaxPool() | spec.AvgPool():
            yield from pools(op.layer)
        case spec.AdaptiveAvgPool(size):
            yield from (spec.AvgPool(5, 3), spec.AvgPool(size, size), spec.GlobalAvgPool(), None)
        case spec.GlobalAvgPool():
            yield from (others.GLOBAL_MAX, spec.AvgPool(7, 1), spec.MaxPool(7, 1), None)
            for kernel in (2, 3, 4, 5, 6, 8):
                yield from (spec.AvgPool(kernel, kernel), spec.AvgPool(kernel, 1))
        case spec.LRN(size, alpha, beta):
            yield None
            yield from lrns(size, alpha, beta)
        case spec.Affine():
            yield None
        case spec.Flatten():
            yield from others.FLATTENINGS
        case spec.Residual(scale=scale):
            for other in (1.0, 0.1, 0.17, 0.2, 0.3, 0.5):
                if other != scale:
                    yield replace(op.layer, scale=other)


def pools(layer: spec.MaxPool | spec.AvgPool) -> Iterator[Layer | Other | None]:
    """Yields alternatives to a pool, the most similar first; None is no pool at all."""
    kernels = dict.fromkeys((layer.kernel, 3, 2, 5, 7, 8))
    strides = dict.fromkeys((layer.stride, 1, 2, 3))
    paddings = dict.fromkeys((layer.padding, *PADDINGS))
    kinds: list[tuple[type, dict[str, bool]]] = [
        (spec.MaxPool, {}),
        (spec.AvgPool, {"counts_border": False}),
        (spec.AvgPool, {"counts_border": True}),
    ]
    made: list[Layer] = [
        kind(kernel, stride, padding, **more)
        for kernel, stride, padding in product(kernels, strides, paddings)
        for kind, more in kinds
    ]
    made = sorted((each for each in made if each != layer), key=lambda each: unlike(each, layer))
    yield from (each for each in made if unlike(each, layer) == 1)
    if isinstance(layer, spec.MaxPool):
        yield others.rounded_up(layer)
    yield None
    yield from (each for each in made if unlike(each, layer) > 1)
    yield from (spec.GlobalAvgPool(), others.GLOBAL_MAX)


def unlike(one: Layer, other: Layer) -> int:
    """The number of ways in which two layers differ; a different type counts twice."""
    theirs = {field.name for field in fields(other) if field.compare}
    shared = [field.name for field in fields(one) if field.name in theirs]
    differing = sum(getattr(one, name) != getattr(other, name) for name in shared)
    return int(differing) + 2 * (type(one) is not type(other))


def lrns(size: int, alpha: float, beta: float) -> Iterator[Layer | Other]:
    """Yields LRNs with other constants, including other libraries' definitions of the constants."""
    alphas = dict.fromkeys((alpha * size, alpha / size, alpha, 1e-4, 1e-3, 1e-5))
    for a, n in product(alphas, dict.fromkeys((size, 3, 7, 9, 2))):
        yield spec.LRN(n, a, beta)
        yield others.lrn_with(n, a, beta, 2.0)
        yield spec.LRN(n, a, 0.5)
