"""Infers a network's first layers from its trace if they differ from the published ones."""

from dataclasses import replace
from itertools import pairwise

from common.spec import (
    Chain,
    Concat,
    Conv,
    Layer,
    MaxPool,
    NetworkSpec,
    PaddingRule,
    pair,
)
from common.tools.analysis.diff import value_text
from common.tools.check.facts import Facts, sizes
from common.tools.check.graph import combine, where_it_fits
from common.tools.check.layer_hypotheses import layer_candidates, output_of
from common.tools.check.trace import Array, LayerCall, agree

BRANCHES = 4  # of the modules of GoogLeNet, v2 and v3
POOLS = (
    *(MaxPool(3, 2, padding) for padding in (PaddingRule.CEIL, 1, PaddingRule.SAME, 0)),
    MaxPool(2, 2),
)


def other_stem(network: NetworkSpec, facts: Facts) -> tuple[NetworkSpec, str, str] | None:
    """The network with the trace's first layers, and both stems as text; None if they agree.

    One number that differs in one layer does not make a different stem.
    """
    steps = stem_steps(network)
    own = [unit.layers["conv"] for unit in steps.values() if isinstance(unit, Chain)]
    table = [(c.channels, pair(c.kernel)[0], pair(c.stride)[0]) for c in own if isinstance(c, Conv)]
    yours = sizes(facts.stem)
    if not table or not yours or len(table) < len(own):
        return None
    apart = [
        sum(a != b for a, b in zip(*both, strict=True)) for both in zip(table, yours, strict=False)
    ]
    if len(table) == len(yours) and sum(apart) < 2:
        return None
    layers = facts.__dict__.get("layers")
    if layers is None:
        layers = facts.__dict__["layers"] = read_stem(facts)
    if not layers:
        return None
    unit = next(each for each in steps.values() if isinstance(each, Chain))
    made: dict[str, Layer] = {}
    for number, layer in enumerate(layers, 1):
        if isinstance(layer, Conv):
            layer = replace(unit, layers={**unit.layers, "conv": layer}, built_by=None)
        made[f"stem{number}"] = layer
    rest = {name: step for name, step in network.body.layers.items() if name not in steps}
    body = replace(network.body, layers={**made, **rest})
    return replace(network, body=body), stem_text(made), stem_text(steps)


def stem_steps(network: NetworkSpec) -> dict[str, Layer]:
    """The steps of a body before its first module; {} where that has fewer than four branches.

    Such modules belong to the stems of v4 and the like.
    """
    found: dict[str, Layer] = {}
    for name, step in network.body.layers.items():
        if isinstance(step, Concat):
            return found if len(step.branches) >= BRANCHES else {}
        if isinstance(step, Chain) and "conv" not in step.layers:
            return {}
        found[name] = step
    return {}


def read_stem(facts: Facts) -> list[Conv | MaxPool]:
    """The convolutions and pools of the trace's stem; [] if one is unclear."""
    firsts = [n for n, call in enumerate(facts.stem) if call.kind == "conv"]
    steps: list[Conv | MaxPool] = []
    for first, end in pairwise([*firsts, len(facts.stem)]):
        call = facts.stem[first]
        conv = fitted(call)
        if conv is None:
            return []
        steps.append(conv)
        following = facts.stem[end].input if end < len(facts.stem) else facts.after_stem
        maps = [each.output for each in facts.stem[first:end]]  # with a norm after the pool
        y = [each for each in maps if each.shape[2:] == maps[0].shape[2:]][-1]
        if y.shape[2:] != following.shape[2:]:
            steps.append(fitting_pool(y, following))
    return steps


def fitted(call: LayerCall) -> Conv | None:
    """The convolution that computes what a call did; None if no usual one does."""
    table = Conv(call.shape[0], pair(call.shape[2])[0], 1, 0, "bias" in call.weights)
    for layer in layer_candidates(table, call):
        if isinstance(layer, Conv):
            y = output_of("stem", layer, call)
            if y is not None and agree(call.output, y, 4):
                return layer
    return None


def fitting_pool(y: Array, following: Array) -> MaxPool:
    """The pool between two maps; by its size if the values do not agree with any."""
    fits = []
    for pool in POOLS:
        for before in (y, y.clip(0)):
            found = where_it_fits(combine, "stem", pool, [before])
            fits += [pool] if found is not None and found.shape == following.shape else []
            if found is not None and agree(following, found.clip(0) if before is y else found, 4):
                return pool
            if found is not None and agree(following, found, 4):
                return pool
    return fits[0] if fits else POOLS[0]


def stem_text(steps: dict[str, Layer]) -> str:
    """A stem in a line, such as `7x7/2 64, pool 3x3/2`, with paddings that are not the usual."""
    parts = []
    for step in steps.values():
        layer = step.layers["conv"] if isinstance(step, Chain) else step
        match layer:
            case Conv():
                half = tuple(n // 2 for n in pair(layer.kernel))
                parts.append(f"{windows(layer)} {layer.channels}{padding_text(layer, half)}")
            case MaxPool():
                own = padding_text(layer, PaddingRule.CEIL) if layer.kernel != 2 else ""
                parts.append(f"pool {windows(layer)}{own}")
            case _:
                parts.append(layer.label)
    return ", ".join(parts)


def windows(layer: Conv | MaxPool) -> str:
    """A kernel and its stride, such as 3x3/2."""
    (rows, columns), (down, _) = pair(layer.kernel), pair(layer.stride)
    return f"{rows}x{columns}" + (f"/{down}" if down > 1 else "")


def padding_text(layer: Conv | MaxPool, usual: tuple[int, ...] | PaddingRule) -> str:
    """A padding in parentheses; "" for the usual one and for that of TensorFlow."""
    own = layer.padding if isinstance(layer.padding, PaddingRule) else pair(layer.padding)
    return "" if own in (usual, PaddingRule.SAME) else f" (padding {value_text(layer.padding)})"
