"""The trace of a network on a batch: every layer with weights, with its input and output."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from common.arrays import Arrays
from common.errors import DataError
from common.spec import Shape
from common.tools.check.weightless import Weightless

Array = NDArray[np.float64]
# Padding modes other than zeros: NumPy's names and the usual names.
BORDERS = {"reflect": "reflected", "edge": "the edge repeated", "wrap": "the other side's"}
MAX_BYTES = 4_000_000_000  # of the feature maps of a trace
ROUGHLY = 7  # digits: frameworks keep some constants in float32, as Paddle does a dropout's rate


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerCall:
    """A layer with weights as it ran; feature maps are N x C x H x W, weights as in our files.

    `name` is the name in the user's network; `lines` are the lines of the user's file in which the
    layer was made, outermost first. A depthwise convolution's weight is
    channels x 1 x rows x columns.
    """

    name: str
    kind: str  # conv, linear or norm
    weights: Mapping[str, Array]
    input: Array
    output: Array
    lines: tuple[int, ...] = ()

    @property
    def shape(self) -> Shape:
        """The shape of the weight; for a batch norm, that of its running statistics."""
        return self.input.shape[1:2] if self.kind == "norm" else self.weights["weight"].shape


@dataclass(frozen=True, eq=False)
class Drop:
    """A dropout that is active in training: its rate and its input."""

    rate: float
    input: Array


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A batch, the layers that ran on it in order, and the outputs of the network.

    `after` holds the weights of each layer after one training step, if one was taken. `drops` holds
    the dropouts active in training, although in the trace itself they pass their input on; it is
    None if the network could not be run in training mode. `notes` say how the network was read,
    `steps` are the layers without weights, and `probabilities` whether its losses expect them.
    """

    image: Array
    calls: list[LayerCall]
    outputs: list[Array]
    parameters: int
    digits: int = 10  # decimal digits of precision of the arithmetic
    after: Sequence[Mapping[str, Array]] = ()
    drops: Sequence[Drop] | None = None
    notes: Sequence[str] = ()
    steps: Sequence[Weightless] = ()
    probabilities: bool = False

    @property
    def rough_digits(self) -> int:
        """The digits of precision that remain where a constant was kept in float32."""
        return min(self.digits, ROUGHLY)

    @property
    def used(self) -> float:
        """The share of the network's parameters that belong to layers that ran."""
        layers = {call.name: call.weights for call in self.calls}
        sizes = [
            array.size
            for weights in layers.values()
            for name, array in weights.items()
            if not name.startswith("running")
        ]
        return sum(sizes) / max(self.parameters, 1)

    def pack(self) -> Arrays:
        """The trace as arrays by name, as workers report it."""
        arrays: Arrays = {"image": self.image}
        about: dict = {"parameters": self.parameters, "digits": self.digits, "calls": []}
        about |= {"trained": bool(self.after), "probabilities": self.probabilities}
        for number, call in enumerate(self.calls):
            own = {"input": call.input, "output": call.output, **call.weights}
            if self.after:
                own |= {f"after {name}": array for name, array in self.after[number].items()}
            arrays |= {f"{number}/{name}": array for name, array in own.items()}
            about["calls"].append([call.name, call.kind, list(call.weights), call.lines])
        arrays |= {f"output/{number}": array for number, array in enumerate(self.outputs)}
        drops = self.drops or ()
        arrays |= {f"drop/{number}": drop.input for number, drop in enumerate(drops)}
        about["rates"] = None if self.drops is None else [drop.rate for drop in drops]
        about["notes"] = list(self.notes)
        about["steps"] = [[*vars(each).values()] for each in self.steps]
        return arrays | {"about": np.array(json.dumps(about))}


class Calls(list[LayerCall]):
    """The calls and steps of a trace; raises DataError when they need too much memory."""

    def __init__(self) -> None:
        super().__init__()
        self.left = MAX_BYTES
        self.steps: list[Weightless] = []

    def append(self, call: LayerCall) -> None:
        """Adds a call."""
        self.left -= call.input.nbytes + call.output.nbytes
        if self.left < 0:
            most = f"{MAX_BYTES / 1e9:.0f} GB"
            raise DataError(f"its feature maps need more than {most}; give a smaller --input")
        super().append(call)


def several(arrays: Arrays) -> tuple[str, ...]:
    """The names of a file's networks, where a worker found several; else ()."""
    return tuple(json.loads(str(arrays["about"])).get("several", ()))


def unpack_trace(arrays: Arrays) -> Trace:
    """Returns the trace that a worker reported."""
    about = json.loads(str(arrays["about"]))
    calls = []
    for number, (name, kind, weights, lines) in enumerate(about["calls"]):
        own = {weight: wide(arrays[f"{number}/{weight}"]) for weight in weights}
        x, y = (wide(arrays[f"{number}/{end}"]) for end in ("input", "output"))
        calls.append(
            without_border(
                LayerCall(name=name, kind=kind, weights=own, input=x, output=y, lines=tuple(lines))
            )
        )
    outputs = [wide(array) for name, array in arrays.items() if name.startswith("output/")]
    after = [
        {name: wide(arrays[f"{number}/after {name}"]) for name in call.weights}
        for number, call in enumerate(calls if about["trained"] else ())
    ]
    drops = [
        Drop(rate, wide(arrays[f"drop/{number}"]))
        for number, rate in enumerate(about["rates"] or ())
    ]
    return Trace(
        image=arrays["image"],
        calls=calls,
        outputs=outputs,
        parameters=about["parameters"],
        digits=about["digits"],
        after=after,
        drops=None if about["rates"] is None else drops,
        notes=about["notes"],
        steps=[
            Weightless(kind=kind, lines=tuple(lines), before=tuple(before), after=tuple(after))
            for kind, lines, before, after in about["steps"]
        ],
        probabilities=about["probabilities"],
    )


def wide(array: NDArray) -> Array:
    """Returns an array in float64 and C order."""
    return np.ascontiguousarray(array, np.float64)


def trimmed(array: Array) -> Array:
    """An array without the trailing ones of its shape, so that a 1 x 1 map is a vector."""
    shape = array.shape
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    return array.reshape(shape)


def agree(found: Array, expected: Array, digits: int) -> bool:
    """Whether two arrays are the same up to rounding, relative to the largest value."""
    found, expected = trimmed(found), trimmed(expected)
    if found.shape != expected.shape:
        return False
    few, wanted = (each.ravel()[:: max(found.size // 64, 1)] for each in (found, expected))
    if digits >= ROUGHLY and is_far(few, wanted):
        return False  # most arrays do not agree; this is far quicker than finding the largest value
    with np.errstate(invalid="ignore"):  # a wrong guess may overflow
        apart = np.abs(few - wanted)
    if not np.isfinite(expected).all():
        return False
    bound = bound_for(expected, digits)
    return bool((apart <= bound).all() and (np.abs(found - expected) <= bound).all())


def bound_for(expected: Array, digits: int) -> float:
    """The largest difference from the expected values at which values agree."""
    return float(max(np.abs(expected).max(), 1e-30) * 10.0**-digits)


def is_far(few: Array, wanted: Array) -> bool:
    """Whether most of some values differ much."""
    with np.errstate(invalid="ignore"):  # a wrong guess may overflow
        return bool((np.abs(few - wanted) > np.abs(wanted).max() / 10).mean() > 0.5)


def without_border(call: LayerCall) -> LayerCall:
    """A convolution, with its input stripped of zeros that a separate step padded it with."""
    x = call.input
    if call.kind == "norm" or x.ndim != 4 or not x.any():
        return call
    for axis in (2, 3):
        rows = np.flatnonzero(x.any(axis=tuple({0, 1, 2, 3} - {axis})))
        x = x.take(range(rows[0], rows[-1] + 1), axis)
    return replace(call, input=x) if x.shape != call.input.shape else call


def reads(call: LayerCall, x: Array, digits: int) -> bool:
    """Whether a layer's input is this feature map, with or without padding around it."""
    given = call.input
    if given.shape[:2] != x.shape[:2]:  # most do not match; far quicker than comparing
        return False
    if given.ndim != 4 or x.ndim != 4:
        return agree(given, x, digits)
    wider = [a - b for a, b in zip(given.shape[2:], x.shape[2:], strict=True)]
    if min(wider) < 0 or max(wider) >= 8:
        return False
    if not any(wider):
        return agree(given, x, digits)
    around = [((n // 2), n - n // 2) for n in wider]
    borders = [np.pad(x, ((0, 0), (0, 0), *around), mode=mode) for mode in BORDERS]  # type: ignore[call-overload]
    return any(agree(given, bordered, digits) for bordered in borders)


def agreement(found: Array, expected: Array, digits: int) -> float:
    """The fraction of values that agree; -1 for unequal shapes or a non-finite `expected`."""
    found, expected = trimmed(found), trimmed(expected)
    if found.shape != expected.shape or not np.isfinite(expected).all():
        return -1.0
    bound = bound_for(expected, digits)
    return float((np.abs(found - expected) <= bound).mean())
