"""Group norm and layer norm, which people use instead of batch norm.

Instance norm is a group norm with one group a channel.
"""

from collections.abc import Iterator

import numpy as np

from common.reference.layers import by_channel
from common.tools.check.graph import Other
from common.tools.check.trace import Array, LayerCall, agree

NAME, LAYER = "group norm", "layer norm"
USUAL = (32, 16, 8, 4, 2, 1)  # numbers of groups
EPS = (1e-5, 1e-3, 1e-6)
DIGITS = 2  # enough to tell one number of groups from another


def is_group_norm(call: LayerCall) -> bool:
    """Whether a layer normalises maps without running statistics."""
    return call.kind == "norm" and call.input.ndim == 4 and "running_mean" not in call.weights


def group_norms(call: LayerCall) -> Iterator[Other]:
    """Yields the group norms that a layer may be, one for each number of groups and each eps."""
    if not is_group_norm(call):
        return
    count, shapes = call.shape[0], {each.shape for each in call.weights.values()}
    if shapes <= {(count,), call.input.shape[1:]}:
        for eps in EPS:
            own = layer_norm(call, eps)
            if agree(call.output, own.compute(call.input), DIGITS):
                yield own
    if not shapes <= {(count,)}:
        return  # each value of the map has its own scale
    for groups in dict.fromkeys((*USUAL, count, *range(1, count))):
        if count % groups:
            continue
        first = group_norm(call, groups, EPS[0])
        if agree(call.output, first.compute(call.input), DIGITS):
            yield first
            yield from (group_norm(call, groups, eps) for eps in EPS[1:])


def layer_norm(call: LayerCall, eps: float) -> Other:
    """Layer norm with the weights of a layer: over the channels of each pixel, or over the map."""
    weights = {name: np.asarray(each) for name, each in call.weights.items()}
    is_whole = any(each.ndim == 3 for each in weights.values())
    axes = (1, 2, 3) if is_whole else (1,)

    def compute(x: Array) -> Array:
        y = x - x.mean(axes, keepdims=True)
        y = y / np.sqrt((y**2).mean(axes, keepdims=True) + eps)
        scale, shift = (weights.get(n, np.array(v)) for n, v in (("weight", 1), ("bias", 0)))
        own = [each if each.ndim == 3 else by_channel(each, x) for each in (scale, shift)]
        return np.asarray(y * own[0] + own[1])

    over = "the whole map" if is_whole else "the channels of each pixel"
    return Other(what=f"{LAYER}: over {over}", compute=compute)


def name_of_norm(call: LayerCall) -> str:
    """The name of a norm, such as "layer norm"."""
    found = next(group_norms(call), None)
    return found.what.partition(":")[0] if found else "batch norm"


def group_norm(call: LayerCall, groups: int, eps: float) -> Other:
    """Group norm with the weights of a layer."""
    scale, shift = (call.weights.get(name, np.array(v)) for name, v in (("weight", 1), ("bias", 0)))

    def compute(x: Array) -> Array:
        parts = x.reshape(len(x), groups, -1)
        parts = parts - parts.mean(-1, keepdims=True)
        parts = parts / np.sqrt((parts**2).mean(-1, keepdims=True) + eps)
        factor, term = (by_channel(np.broadcast_to(n, x.shape[1]), x) for n in (scale, shift))
        return np.asarray(parts.reshape(x.shape) * factor + term)

    own = "one group for each channel" if groups == call.shape[0] else f"{groups} groups"
    return Other(what=f"{NAME}: {own}", compute=compute)
