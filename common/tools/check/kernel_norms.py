"""Proposes convolutions without batch norm where only those of one kernel size have none."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from common.spec import Chain, Conv, Layer, NetworkSpec
from common.tools.check.changes import Change, leaves
from common.tools.check.facts import MOST, NEAR, Facts, fraction_true
from common.tools.check.trace import LayerCall, reads

FEW = 3  # convolutions with one kernel size that show a decision


def kernel_norm_changes(network: NetworkSpec, facts: Facts) -> Iterator[Change]:
    """No batch norm after the convolutions of one kernel size, of which others have one."""
    own = [each for each in leaves(network).values() if isinstance(each, Conv)]
    kernels = sorted({each.kernel for each in own if isinstance(each.kernel, int)})
    shares = {kernel: share_with_norm(facts, kernel) for kernel in kernels if facts.norms}
    if not any(share is not None and share >= MOST for share in shares.values()):
        return
    for kernel, share in shares.items():
        if share is None or share > 1 - MOST:
            continue
        yield Change(
            what=f"no batch norm after {kernel}x{kernel} convolutions",
            yours="none",
            table="batch norm",
            override=partial(without_norm, kernel=kernel),
        )


def share_with_norm(facts: Facts, kernel: int) -> float | None:
    """The share of the convolutions of a kernel size that have a norm; None for too few of them."""
    calls = facts.trace.calls
    own = [n for n, c in enumerate(calls) if c.kind == "conv" and c.shape[2:] == (kernel, kernel)]
    return fraction_true(has_norm(facts, n) for n in own) if len(own) >= FEW else None


def has_norm(facts: Facts, number: int) -> bool:
    """Whether one of the next layers is a norm of a convolution's output, or of its ReLU's."""
    calls, digits = facts.trace.calls, facts.trace.rough_digits
    call = calls[number]
    norms = [each for each in calls[number + 1 : number + NEAR] if is_norm_of(each, call)]
    return any(
        reads(each, y, digits) for y in (call.output, np.maximum(call.output, 0)) for each in norms
    )


def is_norm_of(norm: LayerCall, call: LayerCall) -> bool:
    """Whether a layer is a norm of as large a map as a convolution's."""
    return norm.kind == "norm" and norm.input.shape == call.output.shape


def without_norm(path: str, layer: Layer, kernel: int) -> Layer:
    """A unit of a module without its batch norm if its convolution has this kernel."""
    match layer:
        case Chain({"conv": Conv() as conv, "bn": _}) if conv.kernel == kernel and "." in path:
            return Chain({name: each for name, each in layer.layers.items() if name != "bn"})
    return layer
