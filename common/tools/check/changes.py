"""Changes of a whole network that people make on purpose, each one decision in many places.

A published network is compared after the changes that most of a trace's layers show. So a network
with batch norm everywhere has one difference, and others are still seen layer by layer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from common.networks.googlenet import batch_norm, kernel_3_for_5
from common.networks.variants import every, remove
from common.spec import BatchNorm, Chain, Conv, Layer, NetworkSpec, sequence
from common.spec.rewrite import Override, rewrite, rewrite_network
from common.tools.check.block_changes import fewer_blocks, ordinary_convolutions
from common.tools.check.describe import CONVENTION, USUAL_EPS, Difference
from common.tools.check.facts import MOST, Facts
from common.tools.check.module_changes import other_modules
from common.tools.check.stem import other_stem


@dataclass(frozen=True)
class Change:
    """One decision: its name, its values in the user's and the published network, the override."""

    what: str
    yours: str
    table: str
    override: Override | None = None
    network: NetworkSpec | None = None  # the changed network, if no override makes it
    places: tuple[str, ...] = ()  # of the decision, if these are not the layers that differ
    kind: str = ""  # "" if it depends on the images, or if it is a mistake


convention = partial(Change, kind=CONVENTION)
Proposal = Callable[[NetworkSpec, Facts], Iterator[Change]]


@dataclass(frozen=True)
class Changed:
    """A published network with the changes that a trace shows, as differences with places."""

    network: NetworkSpec
    differences: tuple[Difference, ...] = ()


def changed(network: NetworkSpec, facts: Facts, proposals: Sequence[Proposal]) -> Changed:
    """The network after all those of the proposed changes that the facts ask for."""
    found: list[Difference] = []
    for propose in proposals:
        for change in propose(network, facts):
            made = change.network or rewrite_network(network, change.override or unchanged)
            if places := change.places or places_of(network, made):
                values = change.what, change.yours, change.table
                found.append(Difference(places[0], *values, places=places, kind=change.kind))
                network = made
    return Changed(network, tuple(found))


def unchanged(_: str, layer: Layer) -> Layer:
    """The layer itself."""
    return layer


def places_of(before: NetworkSpec, after: NetworkSpec) -> tuple[str, ...]:
    """The paths of the layers that differ between two networks, those of the second first."""
    old, new = leaves(before), leaves(after)
    if old == new:  # only their order may differ
        return tuple(path for path, other in zip(new, old, strict=True) if path != other)
    return (
        *(path for path in new if new[path] != old.get(path)),
        *(path for path in old if path not in new),
    )


def leaves(network: NetworkSpec) -> dict[str, Layer]:
    """The layers of a network that contain no others, by path."""
    found: dict[str, Layer] = {}

    def note(path: str, layer: Layer) -> Layer:
        if not hasattr(layer, "layers") and not hasattr(layer, "branches"):
            found[path] = layer
        return layer

    rewrite(network.body, note)
    for name, head in network.heads.items() if network.aux else ():
        rewrite(head.body, note, name)
    return found


def layers_of(network: NetworkSpec, kind: type) -> list:
    """The layers of one type in a network."""
    return [layer for layer in leaves(network).values() if isinstance(layer, kind)]


def norm_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """Batch norm after every convolution, or nowhere."""
    own = layers_of(network, BatchNorm)
    if facts.has_norms and not own:
        kind = facts.group_norm or "batch norm"
        what = f"{kind.partition(':')[0]} after every convolution"
        yield convention(what, kind, "none", batch_norm(BatchNorm(1e-3)))
    elif own and not facts.norms and len(facts.convolutions) > 5:
        yield convention("no batch norm", "none", "batch norm", remove(r"(.*\.)?bn"))


def order_changes(_: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """Batch norm after the ReLU."""
    if facts.norms and facts.after_relu >= MOST:
        orders = "convolution, ReLU, batch norm", "convolution, batch norm, ReLU"
        yield Change("ReLU and batch norm swapped", *orders, relu_first)


def relu_first(_: str, layer: Layer) -> Layer:
    """A unit whose batch norm is after its ReLU."""
    match layer:
        case Chain({"conv": Conv() as conv, "bn": norm, "relu": relu}):
            return Chain({"conv": conv, "relu": relu, "bn": norm})
    return layer


def eps_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """One eps in all batch norms, or the number of channels in its place; batch norm unscaled."""
    own = layers_of(network, BatchNorm)
    if not own or not facts.norms or facts.group_norm:
        return
    table = max(own, key=own.count).eps
    if facts.eps_is_width:
        what = "batch norm: eps is the number of channels"
        yield Change(what, "64, 192, ...", f"{table:g}", width_for_eps)
    elif facts.eps and abs(facts.eps - table) > 1e-3 * table:
        what = "batch norm: eps in all"
        made = convention if facts.eps in USUAL_EPS else Change
        yield made(what, f"{facts.eps:g}", f"{table:g}", every(BatchNorm, eps=facts.eps))
    scales = max(own, key=own.count).scale
    if scales and facts.scaled <= 1 - MOST:
        unscaled = every(BatchNorm, scale=False)
        yield convention("batch norm: no scale in all", "none", "scale", unscaled)
    elif not scales and facts.scaled >= MOST:
        scaled = every(BatchNorm, scale=True)
        yield convention("batch norm: scale in all", "scale", "none", scaled)


def width_for_eps(_: str, layer: Layer) -> Layer:
    """A unit whose batch norm has the number of channels as its eps."""
    match layer:
        case Chain({"conv": Conv(channels) as conv, "bn": BatchNorm() as norm, **steps}):
            return Chain({"conv": conv, "bn": replace(norm, eps=float(channels)), **steps})
    return layer


def bias_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """A bias in every convolution, or in none."""
    own = [layer.bias for layer in layers_of(network, Conv)]
    most = sum(own) >= MOST * len(own)
    kind = facts.group_norm.partition(":")[0] or "batch norm"
    beside = f" in addition to {kind}" if facts.norms else ""
    if facts.biased >= MOST and not most and len(facts.convolutions) > 5:
        what = f"convolutions: biases{beside}"
        yield convention(what, "bias", "none", every(Conv, bias=True))
    elif facts.biased <= 1 - MOST and most and len(facts.convolutions) > 5:
        yield convention("convolutions: no biases", "none", "bias", without_bias)


def without_bias(_: str, layer: Layer) -> Layer:
    """A unit whose convolution has no bias; a classifier keeps its own."""
    match layer:
        case Chain({"conv": Conv() as conv, **steps}):
            return Chain({"conv": replace(conv, bias=False), **steps})
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
        yield convention(what, "3x3, 3x3", "5x5", two_for_5)
    elif more > 0.5 * fives:
        yield convention("3x3 convolutions for 5x5", "3x3", "5x5", kernel_3_for_5)


def two_for_5(_: str, layer: Layer) -> Layer:
    """Two units with a 3x3 kernel instead of a unit with 5x5."""
    match layer:
        case Chain({"conv": Conv(kernel=5) as conv, **steps}):
            unit = Chain({"conv": replace(conv, kernel=3, padding=1), **steps})
            return sequence(unit, unit)
    return layer


def module_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """Two swapped modules, or a missing one."""
    for made, yours, table in other_modules(network, facts):
        places = tuple(table.split(", "))
        if len(places) > 1:
            yield Change("modules swapped", yours, table, network=made, places=places)
        else:
            row = ", ".join(map(str, widths_of(network, table)))
            table = f"{table} with {row} channels"
            yield Change("module missing", yours, table, network=made, places=places)


def widths_of(network: NetworkSpec, module: str) -> list[int]:
    """The channels of a module's convolutions, branch by branch."""
    own = leaves(network).items()
    return [
        layer.channels
        for path, layer in own
        if isinstance(layer, Conv) and path.partition(".")[0] == module
    ]


def block_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """Fewer repeated blocks, or ordinary instead of separable convolutions."""
    for what, find in (
        ("equal modules missing", fewer_blocks),
        ("ordinary convolution instead of a separable one", ordinary_convolutions),
    ):
        for made in find(network, facts):
            yield Change(what, made.yours, made.table, network=made.network, places=made.places)
            network = made.network


def stem_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """First layers of the user's own."""
    found = other_stem(network, facts)
    if found:
        made, yours, table = found
        yield Change("different stem", yours, table, network=made)


PROPOSALS: tuple[Proposal, ...] = (
    norm_changes,
    eps_changes,
    order_changes,
    bias_changes,
    kernel_changes,
    module_changes,
    block_changes,
)
