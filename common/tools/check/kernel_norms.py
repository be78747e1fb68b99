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
    for kernel in sorted({each.kernel for each in own if isinstance(each.kernel, int)}):
        places = [
            n
            for n, call in enumerate(facts.trace.calls)
            if call.kind == "conv" and call.shape[2:] == (kernel, kernel)
        ]
        if len(places) < FEW or not facts.norms:
            continue
        if fraction_true(has_norm(facts, n) for n in places) > 1 - MOST:
            continue
        size = f"{kernel}x{kernel}"
        yield Change(
            what=f"no batch norm after {size} convolutions",
            yours="none",
            table="batch norm",
            override=partial(without_norm, kernel=kernel),
        )


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
