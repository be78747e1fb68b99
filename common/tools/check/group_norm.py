"""Group norm, which people use in the place of batch norm; instance norm is one group a channel."""

from collections.abc import Iterator

import numpy as np

from common.reference.layers import by_channel
from common.tools.check.graph import Other
from common.tools.check.trace import Array, Call, agree

NAME = "group norm"
USUAL = (32, 16, 8, 4, 2, 1)  # numbers of groups
EPS = (1e-5, 1e-3, 1e-6)
DIGITS = 2  # enough to tell one number of groups from another


def is_group_norm(call: Call) -> bool:
    """Whether a layer normalises maps without running statistics."""
    return call.kind == "norm" and call.input.ndim == 4 and "running_mean" not in call.weights


def group_norms(call: Call) -> Iterator[Other]:
    """Yields the group norms that a layer may be, one for each number of groups and each eps."""
    if not is_group_norm(call):
        return
    count = call.shape[0]
    for groups in dict.fromkeys((*USUAL, count, *range(1, count))):
        if count % groups:
            continue
        first = group_norm(call, groups, EPS[0])
        if agree(call.output, first.compute(call.input), DIGITS):
            yield first
            yield from (group_norm(call, groups, eps) for eps in EPS[1:])


def group_norm(call: Call, groups: int, eps: float) -> Other:
    """Group norm with the weights of a layer."""
    scale, shift = (call.weights.get(name, np.array(v)) for name, v in (("weight", 1), ("bias", 0)))

    def compute(x: Array) -> Array:
        parts = x.reshape(len(x), groups, -1)
        parts = parts - parts.mean(-1, keepdims=True)
        parts = parts / np.sqrt((parts**2).mean(-1, keepdims=True) + eps)
        factor, term = (by_channel(np.broadcast_to(n, x.shape[1]), x) for n in (scale, shift))
        return np.asarray(parts.reshape(x.shape) * factor + term)

    own = "one group for each channel" if groups == call.shape[0] else f"{groups} groups"
    return Other(f"{NAME}: {own}", compute)
