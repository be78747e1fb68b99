"""What a trace may show of a whole network: each function proposes the changes of one kind."""

from collections.abc import Iterator
from dataclasses import replace

from common.networks.googlenet import batch_norm
from common.networks.overrides import every, remove
from common.spec import BatchNorm, Chain, Conv, DepthwiseConv, Layer, NetworkSpec
from common.tools.check.block_changes import before_depthwise, fewer_blocks, ordinary_convolutions
from common.tools.check.changes import Change, Proposal, convention, layers_of, leaves
from common.tools.check.convolution_changes import kernel_changes, width_changes
from common.tools.check.describe import USUAL_EPS
from common.tools.check.facts import MOST, Facts, fraction_true
from common.tools.check.kernel_norms import kernel_norm_changes
from common.tools.check.module_changes import other_modules
from common.tools.check.stem import other_stem


def norm_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """Batch norm after every convolution, or nowhere."""
    own = layers_of(network, BatchNorm)
    if facts.has_norms and not own:
        kind = facts.group_norm or "batch norm"
        what = f"{kind.partition(':')[0]} after every convolution"
        yield convention(what=what, yours=kind, table="none", override=batch_norm(BatchNorm(1e-3)))
    elif own and not facts.norms and len(facts.convolutions) > 5:
        yield convention(
            what="no batch norm", yours="none", table="batch norm", override=remove(r"(.*\.)?bn")
        )


def order_changes(_: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """Batch norm after the ReLU."""
    if facts.norms and facts.after_relu >= MOST:
        yield Change(
            what="ReLU and batch norm swapped",
            yours="convolution, ReLU, batch norm",
            table="convolution, batch norm, ReLU",
            override=relu_first,
        )


def relu_first(_: str, layer: Layer) -> Layer:
    """A unit whose batch norm is after its ReLU."""
    match layer:
        case Chain({"conv": Conv() as conv, "bn": norm, "relu": relu}):
            return Chain({"conv": conv, "relu": relu, "bn": norm})
    return layer


def separable_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """Separable convolutions whose 1x1 half comes first, perhaps with a batch norm between."""
    first = before_depthwise(facts.trace.calls) if layers_of(network, DepthwiseConv) else []
    if not first:
        return
    yield convention(
        what="separable convolutions: 1x1 first",
        yours="1x1, depthwise",
        table="depthwise, 1x1",
        override=pointwise_first,
    )
    if fraction_true(call.kind == "norm" for call in first) >= MOST:
        yield convention(
            what="separable convolutions: batch norm between the halves",
            yours="batch norm",
            table="none",
            override=norm_between,
        )


def pointwise_first(_: str, layer: Layer) -> Layer:
    """A separable convolution in the other order."""
    match layer:
        case Chain({"depthwise": DepthwiseConv() as deep, "pointwise": Conv() as conv, **steps}):
            return Chain({"pointwise": conv, "depthwise": deep, **steps})
    return layer


def norm_between(_: str, layer: Layer) -> Layer:
    """A separable convolution in the other order, with a batch norm between its halves."""
    match layer:
        case Chain({"pointwise": Conv() as conv, "depthwise": DepthwiseConv() as deep, **steps}):
            if next(iter(layer.layers)) == "pointwise":
                norm = BatchNorm(1e-3)
                return Chain({"pointwise": conv, "between": norm, "depthwise": deep, **steps})
    return layer


def eps_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """One eps in all batch norms, or the number of channels in its place; batch norm unscaled."""
    own = layers_of(network, BatchNorm)
    if not own or not facts.norms or facts.group_norm:
        return
    table = max(own, key=own.count).eps
    if facts.eps_is_width:
        own_widths = ", ".join(str(call.shape[0]) for call in facts.norms[:2])
        what = "batch norm: eps is the number of channels"
        yield Change(
            what=what, yours=f"{own_widths}, ...", table=f"{table:g}", override=width_for_eps
        )
    elif facts.eps and abs(facts.eps - table) > 1e-3 * table:
        what = "batch norm: eps in all"
        made = convention if facts.eps in USUAL_EPS else Change
        yield made(
            what=what,
            yours=f"{facts.eps:g}",
            table=f"{table:g}",
            override=every(BatchNorm, eps=facts.eps),
        )
    scales = max(own, key=own.count).scale
    if scales and facts.scaled <= 1 - MOST:
        unscaled = every(BatchNorm, scale=False)
        yield convention(
            what="batch norm: no scale in all", yours="none", table="scale", override=unscaled
        )
    elif not scales and facts.scaled >= MOST:
        scaled = every(BatchNorm, scale=True)
        yield convention(
            what="batch norm: scale in all", yours="scale", table="none", override=scaled
        )


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
        yield convention(what=what, yours="bias", table="none", override=every(Conv, bias=True))
    elif facts.biased <= 1 - MOST and most and len(facts.convolutions) > 5:
        yield convention(
            what="convolutions: no biases", yours="none", table="bias", override=without_bias
        )


def without_bias(_: str, layer: Layer) -> Layer:
    """A unit whose convolution has no bias; a classifier keeps its own."""
    match layer:
        case Chain({"conv": Conv() as conv, **steps}):
            return Chain({"conv": replace(conv, bias=False), **steps})
    return layer


def module_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """Two swapped modules, or a missing one."""
    for made, yours, table in other_modules(network, facts):
        places = tuple(table.split(", "))
        if len(places) > 1:
            yield Change(
                what="modules swapped", yours=yours, table=table, network=made, places=places
            )
        else:
            row = ", ".join(map(str, widths_of(network, table)))
            table = f"{table} with {row} channels"
            yield Change(
                what="module missing", yours=yours, table=table, network=made, places=places
            )


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
            yield Change(
                what=what,
                yours=made.yours,
                table=made.table,
                network=made.network,
                places=made.places,
            )
            network = made.network


def stem_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """First layers of the user's own."""
    found = other_stem(network, facts)
    if found:
        made, yours, table = found
        yield Change(what="different stem", yours=yours, table=table, network=made)


PROPOSALS: tuple[Proposal, ...] = (
    width_changes,
    separable_changes,
    norm_changes,
    kernel_norm_changes,
    eps_changes,
    order_changes,
    bias_changes,
    kernel_changes,
    module_changes,
    block_changes,
)
