"""Proposes fewer repeated blocks, and other convolutions in the place of separable ones."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from common.spec import Chain, Conv, DepthwiseConv, Layer, NetworkSpec
from common.spec.rewrite import rewrite_network
from common.tools.check.facts import MOST, Facts, is_same_map
from common.tools.check.match import of_call, wanted_shapes
from common.tools.check.module_changes import in_common, planned, score
from common.tools.check.trace import LayerCall

MIN_BLOCKS = 3  # equal ones in a row


@dataclass(frozen=True, kw_only=True)
class Changes:
    """A changed network, what it has instead of the published one's layers, and where."""

    network: NetworkSpec
    yours: str
    table: str
    places: tuple[str, ...]


def fewer_blocks(network: NetworkSpec, facts: Facts) -> Iterator[Changes]:
    """Yields the network without some of its equal blocks, if the trace has as many layers less.

    No layer of the trace may belong to the blocks that are left out.
    """
    run = longest_run(network.body.layers)
    plan = planned(network) if len(run) >= MIN_BLOCKS else None
    if plan is None:
        return
    wanted = wanted_shapes(plan)
    size = sum(name.partition(".")[0] == run[0] for name in wanted)
    left = round((len(wanted) - len(facts.trace.calls)) / size)
    if not 0 < left < len(run):
        return
    without = run[-left:]
    layers = {name: each for name, each in network.body.layers.items() if name not in without}
    made = replace(network, body=replace(network.body, layers=layers))
    less = planned(made)
    if all(count(less, facts) >= count(plan, facts) for count in (in_common, score)):
        count = len(run) - left
        yield Changes(
            network=made, yours=f"{count} like {run[0]}", table=f"{len(run)}", places=tuple(without)
        )


def longest_run(layers: Mapping[str, Layer]) -> list[str]:
    """The names of the most equal layers in a row."""
    best: list[str] = []
    run: list[str] = []
    for name, layer in layers.items():
        run = [*run, name] if run and layers[run[0]] == layer else [name]
        best = max(best, run, key=len)
    return best


def ordinary_convolutions(network: NetworkSpec, facts: Facts) -> Iterator[Changes]:
    """Yields the network with the ordinary convolutions of a trace instead of separable ones.

    That is where the trace lacks both parts of a separable one, and has an ordinary one instead.
    """
    plan = planned(network)
    if plan is None:
        return
    shapes = wanted_shapes(plan)
    wanted, ran = Counter(shapes.values()), Counter(map(of_call, facts.trace.calls))
    more, less = ran - wanted, wanted - ran
    found: list[str] = []
    for name, (_, shape) in shapes.items():
        unit, _, last = name.rpartition(".")
        parts = shapes[name], shapes.get(f"{unit}.pointwise")
        if last != "depthwise" or parts[1] is None:
            continue
        own = "conv", (parts[1][1][0], shape[0], *shape[2:])
        if more[own] and all(less[part] for part in parts if part):
            more[own] -= 1
            found.append(unit)

    def ordinary(path: str, layer: Layer) -> Layer:
        match layer:
            case Chain({"depthwise": DepthwiseConv() as deep, "pointwise": Conv() as one, **rest}):
                if path in found:
                    conv = replace(
                        one, kernel=deep.kernel, stride=deep.stride, padding=deep.padding
                    )
                    return Chain({"conv": conv, **rest})
        return layer

    if found:
        made = rewrite_network(network, ordinary)
        yield Changes(
            network=made,
            yours="convolution",
            table="depthwise and 1x1 convolution",
            places=tuple(found),
        )


def before_depthwise(calls: Sequence[LayerCall]) -> list[LayerCall]:
    """The 1x1 convolutions, or their norms, that a depthwise one reads without an activation.

    It is empty unless most depthwise convolutions read one.
    """
    pairs = [(n, one) for n, one in enumerate(calls[:-1]) if is_depthwise(calls[n + 1])]
    read = [(n, one) for n, one in pairs if is_same_map(calls[n + 1].input, one.output)]
    found = [one for n, one in read if is_pointwise(one) or is_pointwise(calls[n - 1])]
    return found if len(found) >= MOST * len(pairs) else []


def is_depthwise(call: LayerCall) -> bool:
    """Whether a call is a depthwise convolution."""
    return call.kind == "conv" and call.shape[1] == 1 == call.shape[0] // call.input.shape[1]


def is_pointwise(call: LayerCall) -> bool:
    """Whether a call is a 1x1 convolution."""
    return call.kind == "conv" and call.shape[2:] == (1, 1)
