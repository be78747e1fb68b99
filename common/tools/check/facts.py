"""Properties that most layers of a trace share: batch norms, their eps, biases, kernels."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from common import spec
from common.spec import Layer
from common.tools.check.describe import USUAL_EPS
from common.tools.check.foreign_layers import ACTIVATIONS, leaky_relu
from common.tools.check.graph import Other
from common.tools.check.group_norm import NAME, group_norms, is_group_norm
from common.tools.check.trace import Array, LayerCall, Trace, reads

FIRST = 24  # layers with weights: enough to see the activation
NEAR = 15  # layers: the branches of a module
MOST = 0.8  # of the layers: what so many have is one decision


@dataclass(frozen=True, eq=False)
class Facts:
    """The facts about a trace on which changes of a whole network are based."""

    trace: Trace

    @cached_property
    def convolutions(self) -> list[LayerCall]:
        """The convolutions, without a classifier on a 1 x 1 map."""
        calls = [call for call in self.trace.calls if call.kind == "conv"]
        return [call for call in calls if call.input.ndim == 4 and call.shape[1] > 1]

    @cached_property
    def norms(self) -> list[LayerCall]:
        """The batch norms of maps."""
        return [c for c in self.trace.calls if c.kind == "norm" and c.input.ndim == 4]

    @property
    def has_norms(self) -> bool:
        """Whether most convolutions may have a batch norm after them."""
        return len(self.norms) >= MOST * max(len(self.convolutions), 1)

    @property
    def biased(self) -> float:
        """The share of convolutions with a bias."""
        return fraction_true("bias" in call.weights for call in self.convolutions)

    @property
    def scaled(self) -> float:
        """The share of batch norms with a scale."""
        return fraction_true("weight" in call.weights for call in self.norms)

    @property
    def after_relu(self) -> float:
        """The share of batch norms that read no value below 0."""
        return fraction_true(call.input.min() >= 0 for call in self.norms)

    @cached_property
    def eps(self) -> float | None:
        """The eps of most batch norms; None if they have none in common."""
        counts = Counter(measured_eps(call) for call in self.norms)
        value, count = counts.most_common(1)[0] if counts else (None, 0)
        return value if count >= MOST * len(self.norms) else None

    @cached_property
    def eps_is_width(self) -> bool:
        """Whether the eps of most batch norms is their number of channels."""
        wide = fraction_true(call.shape[0] == measured_eps(call) for call in self.norms)
        return bool(self.norms) and wide >= MOST

    @cached_property
    def group_norm(self) -> str:
        """The group norm that most norms are, as text; "" if they are batch norms."""
        if fraction_true(map(is_group_norm, self.norms)) < MOST:
            return ""
        found = [next(group_norms(call), None) for call in self.norms[:3]]
        names = {each.what for each in found if each}
        return names.pop() if len(names) == 1 else (NAME if names else "")

    @cached_property
    def activation(self) -> Layer | Other | None:
        """The activation between layers with weights; None if most convolutions read values < 0.

        It is ReLU if none is recognised.
        """
        pairs = [(call, each) for call, after in self.following() for each in after]
        if self.any_reads(pairs, lambda y: y.clip(0)):
            return spec.ReLU()
        slopes = {
            slope for call, each in pairs if (slope := slope_between(call.output, each.input))
        }
        for other in (*ACTIVATIONS, *map(leaky_relu, slopes)):
            if self.any_reads(pairs, other.compute):
                return other
        to_convs = [(call, each) for call, each in pairs if each.kind == "conv"]
        below = fraction_true(c.input.min() < 0 for c in self.convolutions[1:])
        is_none = below >= MOST and self.any_reads(to_convs, lambda y: y)
        return None if is_none else spec.ReLU()  # a ReLU may follow the branches joined

    def following(self) -> list[tuple[LayerCall, list[LayerCall]]]:
        """The first layers, each with those that may read its output."""
        calls = self.trace.calls[:FIRST]
        return [(call, calls[place + 1 : place + 8]) for place, call in enumerate(calls)]

    def any_reads(
        self, pairs: Sequence[tuple[LayerCall, LayerCall]], compute: Callable[[Array], Array]
    ) -> bool:
        """Whether a layer reads what `compute` makes of the output of the layer before it."""
        digits = self.trace.rough_digits
        return any(reads(each, compute(call.output), digits) for call, each in pairs)

    def count(self, kernel: int) -> int:
        """The number of convolutions with this square kernel."""
        return sum(call.shape[2:] == (kernel, kernel) for call in self.convolutions)

    @property
    def stem(self) -> list[LayerCall]:
        """The layers before the first map that three convolutions read; [] if there is none.

        Branches that are computed before the first reader, such as one after a pool, are left out:
        their channels are not those of the map.
        """
        calls, end = self.trace.calls, self.first_reader or 0
        while end and calls[end - 1].output.shape[1] != self.after_stem.shape[1]:
            end -= 1
        return calls[:end]

    @property
    def after_stem(self) -> Array:
        """The map that the first module reads."""
        return self.trace.calls[self.first_reader or 0].input

    @cached_property
    def first_reader(self) -> int | None:
        """The place of the first convolution whose input two later ones read, too."""
        calls = self.trace.calls
        return next((n for n in range(len(calls)) if readers_after(calls, n) >= 2), None)


def readers_after(calls: Sequence[LayerCall], number: int, *, is_first: bool = False) -> int:
    """The number of later convolutions, of those near, that read the same map as a convolution.

    It is 0 for other layers and, with `is_first`, if an earlier convolution reads the map as well.
    """
    call = calls[number]
    if call.kind != "conv" or call.input.ndim != 4:
        return 0
    before, after = calls[max(number - NEAR, 0) : number], calls[number + 1 : number + NEAR + 1]
    others = [is_reader(each, call.input) for each in before] if is_first else []
    return 0 if any(others) else sum(is_reader(each, call.input) for each in after)


def is_reader(call: LayerCall, x: Array) -> bool:
    """Whether a call is a convolution of this map."""
    return call.kind == "conv" and is_same_map(call.input, x)


def facts_of(trace: Trace) -> Facts:
    """The facts about a trace, which are found once."""
    found: Facts = trace.__dict__.setdefault("facts", Facts(trace))
    return found


def fraction_true(values: object) -> float:
    """The share of true values; 0 without any."""
    found = list(values)  # type: ignore[call-overload]
    return sum(map(bool, found)) / len(found) if found else 0.0


def slope_between(y: Array, read: Array) -> float | None:
    """The slope of the leaky ReLU that may lie between two maps; None if none can."""
    if y.shape != read.shape or not (below := y < 0).any():
        return None
    slope = float(np.median(read[below] / y[below]))
    return float(f"{slope:.4g}") if 0 < slope < 1 else None


def is_same_map(one: Array, other: Array) -> bool:
    """Whether two maps have the same first channel, to the last bit."""
    return one.shape == other.shape and bool((one[0, 0] == other[0, 0]).all())


def measured_eps(call: LayerCall) -> float | None:
    """The eps of a batch norm, computed from what it did; None if it is no such thing.

    Of y = scale * (x - mean) / sqrt(variance + eps) + shift, all but eps is known.
    """
    if "running_var" not in call.weights:
        return None
    x, y = (
        np.moveaxis(each, 1, 0).reshape(each.shape[1], -1) for each in (call.input, call.output)
    )
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    size = (x * x).sum(1)
    known = size > 1e-12 * max(float(size.max()), 1e-300)
    with np.errstate(all="ignore"):
        slope = (x * y).sum(1) / size
        scale = call.weights.get("weight", np.ones(1))
        eps = ((scale / slope) ** 2 - call.weights["running_var"])[known]
    measured = common_value(eps)
    if measured and call.output.dtype == np.float32:  # it is known to two digits
        return next((each for each in USUAL_EPS if abs(measured - each) < 0.01 * each), measured)
    return measured


def common_value(values: Array) -> float | None:
    """The number that all these are, up to rounding, in at most four digits; None if none is."""
    if not values.size or not np.isfinite(values).all():
        return None
    middle = float(np.median(values))
    if middle <= 0 or np.abs(values - middle).max() > 1e-6 + 1e-4 * middle:
        return None
    return float(f"{middle:.4g}") if middle >= 1e-7 else None


def sizes(calls: Sequence[LayerCall]) -> list[tuple[int, int, int]]:
    """The channels, kernel and stride of each convolution among some calls."""
    return [
        (call.shape[0], call.shape[2], round(call.input.shape[2] / call.output.shape[2]))
        for call in calls
        if call.kind == "conv"
    ]
