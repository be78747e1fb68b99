"""Proposes other widths or kernels in all convolutions: changes of a whole network."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from common.networks.googlenet import kernel_3_for_5
from common.spec import Chain, Conv, Layer, NetworkSpec, pair, sequence
from common.tools.check.changes import Change, convention, layers_of, leaves
from common.tools.check.describe import CHOICE
from common.tools.check.facts import MOST, Facts

FACTORS = (0.25, 0.5, 0.75, 1.5, 2.0)  # by which people multiply all widths
MOST_WIDTHS = 0.6  # of the convolutions, the share that has the multiplied width


def width_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """All widths multiplied by one number."""
    own = Counter((each.channels, *pair(each.kernel)) for each in layers_of(network, Conv))
    ran = Counter((call.shape[0], *call.shape[2:]) for call in facts.convolutions)
    most = max(own.total(), ran.total(), 1)

    def share(factor: float) -> float:
        scaled = Counter((int(factor * n), *k) for n, *k in own.elements())
        return (scaled & ran).total() / most

    best = max(FACTORS, key=share)
    if share(best) >= MOST_WIDTHS and share(best) > share(1) + 0.2:
        yield Change(
            what="number of channels in all convolutions",
            yours=f"{best:g} times the published",
            table="as published",
            override=partial(with_width, factor=best),
            kind=CHOICE,
        )


def with_width(_: str, layer: Layer, factor: float) -> Layer:
    """A convolution with its width multiplied."""
    if isinstance(layer, Conv):
        return replace(layer, channels=int(factor * layer.channels))
    return layer


def kernel_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """A 3x3 kernel, or two of them, instead of each 5x5."""
    own = [layer.kernel for layer in leaves(network).values() if isinstance(layer, Conv)]
    fives = own.count(5)
    if fives < 3 or facts.count(5) > (1 - MOST) * fives:
        return
    more = facts.count(3) - own.count(3)
    if more > 1.5 * fives:
        what = "two 3x3 convolutions for each 5x5"
        yield convention(what=what, yours="3x3, 3x3", table="5x5", override=two_for_5)
    elif more > 0.5 * fives and network.name.startswith("googlenet"):  # whose code has it
        yield convention(
            what="3x3 convolutions for 5x5", yours="3x3", table="5x5", override=kernel_3_for_5
        )


def two_for_5(_: str, layer: Layer) -> Layer:
    """Two units with a 3x3 kernel instead of a unit with 5x5."""
    match layer:
        case Chain({"conv": Conv(kernel=5) as conv, **steps}):
            unit = Chain({"conv": replace(conv, kernel=3, padding=1), **steps})
            return sequence(unit, unit)
    return layer
