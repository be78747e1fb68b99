"""Batch norms after joined branches, which compute what one in each branch does."""

from collections.abc import Sequence
from dataclasses import replace

from common.tools.check.trace import LayerCall, Trace

NEAR = 12  # layers: those of a module


def with_separate_norms(trace: Trace) -> Trace:
    """The trace with each batch norm of joined convolutions as one after each convolution.

    A batch norm treats its channels separately. A trace with a training step keeps its layers.
    """
    if trace.after:
        return trace
    calls: list[LayerCall] = []
    for call in trace.calls:
        is_by_channel = call.input.ndim == 4 and "running_mean" in call.weights
        parts = joined(call, calls) if is_by_channel else []
        calls += parts if len(parts) > 1 else [call]
    return replace(trace, calls=calls)


def joined(norm: LayerCall, before: Sequence[LayerCall]) -> list[LayerCall]:
    """A norm's parts for the convolutions whose outputs it reads one after the other."""
    near = [each for each in before[-NEAR:] if each.kind == "conv"]
    parts: list[LayerCall] = []
    start = 0
    while start < norm.input.shape[1]:
        y = next((each.output for each in near if is_part(each, norm, start)), None)
        if y is None:
            return []
        own = slice(start, start + y.shape[1])
        weights = {name: each[own] for name, each in norm.weights.items()}
        parts.append(
            replace(norm, weights=weights, input=norm.input[:, own], output=norm.output[:, own])
        )
        start = own.stop
    return parts


def is_part(conv: LayerCall, norm: LayerCall, start: int) -> bool:
    """Whether a norm reads a convolution's output from a channel on."""
    y, x = conv.output, norm.input[:, start : start + conv.output.shape[1]]
    return y.shape == x.shape and bool((y == x).all())
