"""Published checkpoints and our names: where each array of ours stands in each party's files.

A `Layout` is one party's naming. It says what our parameter is called there and how the array
lies; whatever it has no name for, the party has not.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from common import weights
from common.errors import DataError, UsageError
from common.job import Job
from common.networks import NETWORKS, network
from common.shapes import Plan, by, plan
from common.tutorial import tidied
from common.worker import call

Arrays = dict[str, NDArray]
Rules = tuple[tuple[str, str], ...]

# How an array of each rank lies, as axes of ours: convolution, linear, batch norm and bias.
TORCH = {4: (0, 1, 2, 3), 2: (0, 1), 1: (0,)}
TENSORFLOW = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
PADDLE = {4: (0, 1, 2, 3), 2: (1, 0), 1: (0,)}


@dataclass(frozen=True)
class Layout:
    """One party's naming of a network: regular expressions applied in turn to our names.

    `ignored` matches what may stand in its files and is no weight of the network; `tidied` gives
    the layout's name for each array of a file where copies of it name things differently.
    """

    name: str
    networks: str
    kind: str
    axes: Mapping[int, tuple[int, ...]]
    rules: Rules = ()
    ignored: str = r"(?!)"
    tidied: Callable[[Arrays], dict[str, str]] = lambda _: {}

    def names(self, plan: Plan) -> dict[str, str]:
        """The party's name for each array of ours."""
        if self.kind == "keras":
            return keras_places(plan)
        return {name: renamed(name, self.rules) for name in plan.arrays()}

    def fits(self, name: str) -> bool:
        """Whether a network of ours is published in this layout."""
        return re.fullmatch(self.networks, name) is not None

    def outward(self, array: NDArray, groups: int = 0) -> NDArray:
        """An array of ours as it lies there; depthwise it is (h, w, in, each) in TensorFlow."""
        if groups and self.axes is TENSORFLOW:
            array = array.reshape(groups, -1, *array.shape[2:]).transpose(1, 0, 2, 3)
        return np.ascontiguousarray(array.transpose(self.axes[array.ndim]))

    def inward(self, array: NDArray, groups: int = 0) -> NDArray:
        """An array from there as it lies here."""
        array = array.transpose(np.argsort(self.axes[array.ndim]))
        if groups and self.axes is TENSORFLOW:
            array = array.transpose(1, 0, 2, 3).reshape(-1, 1, *array.shape[2:])
        return np.ascontiguousarray(array)


def renamed(name: str, rules: Rules) -> str:
    """The name after all rules, each applied once to the whole."""
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


COUNTERS = r".*\.num_batches_tracked"
PADDLE_NORM: Rules = (("running_mean$", "_mean"), ("running_var$", "_variance"))

PADDLE_VISION: Rules = (
    (r"^conv1\.conv", "_conv._conv"),
    (r"^conv2\.conv", "_conv_1._conv"),
    (r"^conv3\.conv", "_conv_2._conv"),
    (r"^inception(..)\.", r"_ince\1."),
    (r"branch1\.conv", "_conv1._conv"),
    (r"branch2\.0\.conv", "_conv3r._conv"),
    (r"branch2\.1\.conv", "_conv3._conv"),
    (r"branch3\.0\.conv", "_conv5r._conv"),
    (r"branch3\.1\.conv", "_conv5._conv"),
    (r"branch4\.1\.conv", "_convprj._conv"),
    (r"^fc\.", "_fc_out."),
    (r"^aux(.)\.conv\.conv", r"_conv_o\1._conv"),
    (r"^aux(.)\.fc1", r"_fc_o\1"),
    (r"^aux(.)\.fc2", r"_out\1"),
)

D2L: Rules = (
    (r"^conv1\.conv", "0.0"),
    (r"^conv2\.conv", "1.0"),
    (r"^conv3\.conv", "1.2"),
    (r"^inception3a", "2.0"),
    (r"^inception3b", "2.1"),
    (r"^inception4a", "3.0"),
    (r"^inception4b", "3.1"),
    (r"^inception4c", "3.2"),
    (r"^inception4d", "3.3"),
    (r"^inception4e", "3.4"),
    (r"^inception5a", "4.0"),
    (r"^inception5b", "4.1"),
    (r"branch1\.conv", "p1_1"),
    (r"branch([23])\.0\.conv", r"p\1_1"),
    (r"branch([23])\.1\.conv", r"p\1_2"),
    (r"branch4\.1\.conv", "p4_2"),
    (r"^fc\.", "5."),
)

PADDLE_TUTORIAL: Rules = (
    (r"^conv1\.conv", "conv_block1.0"),
    (r"^conv2\.conv", "conv_block2.0"),
    (r"^conv3\.conv", "conv_block2.2"),
    (r"^inception3a", "inception_block3.0"),
    (r"^inception3b", "inception_block3.1"),
    (r"^inception5a", "inception_block5.0"),
    (r"^inception5b", "inception_block5.1"),
    (r"branch1\.conv", "p1.0"),
    (r"branch([23])\.0\.conv", r"p\1.0"),
    (r"branch([23])\.1\.conv", r"p\1.2"),
    (r"branch4\.1\.conv", "p4.1"),
    (r"^fc\.", "out.3."),
    (r"^aux(.)\.conv\.conv", r"out\1.1"),
    (r"^aux(.)\.fc1", r"out\1.3"),
    (r"^aux(.)\.fc2", r"out\1.6"),
)

SLIM_V1: Rules = (
    (r"^conv1\.", "Conv2d_1a_7x7."),
    (r"^conv2\.", "Conv2d_2b_1x1."),
    (r"^conv3\.", "Conv2d_2c_3x3."),
    # The figure's 3a is TF-Slim's Mixed_3b, and so on; one scope was named after the wrong letter.
    (r"^inception5a\.branch3\.1\.", "Mixed_5b.Branch_2.Conv2d_0a_3x3."),
    (r"^inception3a", "Mixed_3b"),
    (r"^inception3b", "Mixed_3c"),
    (r"^inception4e", "Mixed_4f"),
    (r"^inception4d", "Mixed_4e"),
    (r"^inception4c", "Mixed_4d"),
    (r"^inception4b", "Mixed_4c"),
    (r"^inception4a", "Mixed_4b"),
    (r"^inception5b", "Mixed_5c"),
    (r"^inception5a", "Mixed_5b"),
    (r"branch1\.", "Branch_0.Conv2d_0a_1x1."),
    (r"branch2\.0\.", "Branch_1.Conv2d_0a_1x1."),
    (r"branch2\.1\.", "Branch_1.Conv2d_0b_3x3."),
    (r"branch3\.0\.", "Branch_2.Conv2d_0a_1x1."),
    (r"branch3\.1\.", "Branch_2.Conv2d_0b_3x3."),
    (r"branch4\.1\.", "Branch_3.Conv2d_0b_1x1."),
    (r"^fc\.", "Logits.Conv2d_0c_1x1."),
    (r"^", "InceptionV1."),
)

# How TF-Slim calls what is inside a convolution, for all of its networks.
SLIM_PARTS: Rules = (
    (r"\.conv\.weight$|\.weight$", ".weights"),
    (r"\.bn\.bias$", ".BatchNorm.beta"),
    (r"\.bn\.running_mean$", ".BatchNorm.moving_mean"),
    (r"\.bn\.running_var$", ".BatchNorm.moving_variance"),
    (r"\.bias$", ".biases"),
    (r"\.", "/"),
)
SLIM_EXTRA = r"global_step|.*/(RMSProp.*|Momentum|Adam.*|ExponentialMovingAverage)"

LAYOUTS = (
    Layout("ours", r".*", "safetensors", TORCH),
    Layout("pytorch", r".*", "pytorch", TORCH, ignored=COUNTERS),
    Layout("tensorflow", r".*", "keras", TENSORFLOW),
    Layout("paddle", r".*", "paddle", PADDLE, PADDLE_NORM, r".*\.bn\.weight"),
    Layout("tutorial", r"googlenet", "pytorch", TORCH),
    Layout("torchvision", r"googlenet\.torchvision.*", "pytorch", TORCH, ignored=COUNTERS),
    Layout("paddle_vision", r"googlenet\.paddle_vision", "paddle", PADDLE, PADDLE_VISION),
    Layout(
        "paddle_tutorial", r"googlenet\.paddle", "paddle", PADDLE, PADDLE_TUTORIAL, tidied=tidied
    ),
    Layout("d2l", r"googlenet\.d2l", "pytorch", TORCH, D2L),
    Layout("slim", r"googlenet\.slim", "tensorflow", TENSORFLOW, SLIM_V1 + SLIM_PARTS, SLIM_EXTRA),
)


@dataclass(frozen=True)
class Carried:
    """What a party's file holds beyond the weights, kept so that it can be written again.

    Counters by name, and names of its own for the layout's.
    """

    scalars: dict[str, float] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """Arrays of a party's file as ours: the plan they fit, and what else the file held."""

    layout: Layout
    plan: Plan
    arrays: Arrays
    carried: Carried


@dataclass(frozen=True)
class Misfit:
    """Why a file is not a network in a layout; `agreed` is the share of arrays that do fit."""

    name: str
    layout: Layout
    missing: list[str]
    unknown: list[str]
    misshapen: list[str]
    agreed: float

    def __str__(self) -> str:
        told = weights.faults(self.missing, self.unknown, self.misshapen)
        return f"{self.name} in the layout {self.layout.name}: {told or 'all of it fits'}"


def recognise(source: str, arrays: Arrays, about: Mapping, name: str, asked: str | None) -> Match:
    """The named network out of a file's arrays; raises DataError that says what it looks like."""
    in_keras = any(key.startswith("layers/") for key in arrays)
    misfits = []
    for layout in layouts_for(name, asked):
        if (layout.kind == "keras") == in_keras:
            found = attempt(arrays, about, name, layout)
            if isinstance(found, Match):
                check_values(source, found.arrays)
                return found
            misfits.append(found)
    if not in_keras and not asked:
        misfits += guesses(arrays, name)
    if not misfits:
        raise DataError(f"{source}: a Keras file, and {name} has no such layout as {asked}")
    best = max(misfits, key=lambda misfit: (misfit.agreed, misfit.name == name))
    own = max((m for m in misfits if m.name == name), key=lambda m: m.agreed, default=best)
    other = "" if best is own else f"; it looks most like {best}"
    raise DataError(f"{source}: does not fit {own}{other}")


def layouts_for(name: str, asked: str | None) -> list[Layout]:
    """The layouts a network is published in, or the one asked for; raises UsageError."""
    network(name)
    fitting = [layout for layout in LAYOUTS if layout.fits(name) and asked in (None, layout.name)]
    if not fitting:
        known = ", ".join(layout.name for layout in LAYOUTS if layout.fits(name))
        raise UsageError(f"{name} has no layout {asked!r}; there are: {known}")
    return fitting


def attempt(arrays: Arrays, about: Mapping, name: str, layout: Layout) -> Match | Misfit:
    """The file read as this network in this layout, or why it cannot be."""
    tidy = layout.tidied(arrays)
    arrays = {tidy.get(key, key): array for key, array in arrays.items()}
    laid_out = suited(arrays, about, name, layout)
    names = layout.names(laid_out)
    wanted = laid_out.arrays()
    theirs = set(names.values())
    missing = [there for there in names.values() if there not in arrays]
    rest = [key for key in arrays if key not in theirs]
    unknown = [key for key in rest if not re.fullmatch(layout.ignored, key)]
    groups = laid_out.groups()
    here = {
        ours: layout.inward(arrays[there], groups.get(ours, 0))
        for ours, there in names.items()
        if there in arrays and arrays[there].ndim in layout.axes
    }
    misshapen = [
        f"{names[ours]} is {by(arrays[names[ours]].shape)}"
        for ours, shape in wanted.items()
        if names[ours] in arrays and (ours not in here or here[ours].shape != shape)
    ]
    if missing or unknown or misshapen:
        fitting = len(wanted) - len(missing) - len(misshapen)
        agreed = fitting / max(len(wanted), fitting + len(unknown))
        return Misfit(name, layout, missing, unknown, misshapen, agreed)
    scalars = {key: arrays[key].item() for key in rest if arrays[key].ndim == 0}
    untidy = {there: key for key, there in tidy.items() if key != there}
    return Match(layout, laid_out, here, Carried(scalars, untidy))


def suited(arrays: Arrays, about: Mapping, name: str, layout: Layout) -> Plan:
    """The network with the heads, classes, channels and input size that the file is for.

    Heads depend on the input's size; where they are of another, the smallest that fits is taken.
    """
    made = network(name)
    headed = plan(network(name, classes=1, aux=bool(made.heads)))
    names = layout.names(headed)
    in_heads = tuple(f"{head}." for head in headed.heads)
    aux = any(there in arrays for key, there in names.items() if key.startswith(in_heads))
    classes = size_along(0, arrays, names.get(f"{made.classifier}.weight"), layout) or 0
    first = next(key for key in names if key.endswith(".weight"))
    channels = size_along(1, arrays, names[first], layout) or made.input[0]
    wanted = {
        key: layout.inward(arrays[there]).shape
        for key, there in names.items()
        if key.startswith(in_heads) and there in arrays and arrays[there].ndim in layout.axes
    }
    rows, columns = about.get("input", made.input)[1:]
    for size in ((rows, columns), *((n, n) for n in range(32, 513) if wanted)):
        try:
            laid_out = plan(network(name, (channels, *size), classes, aux and classes > 0))
        except UsageError:
            continue
        if wanted.items() <= laid_out.arrays().items():
            return laid_out
    return plan(made)


def size_along(axis: int, arrays: Arrays, key: str | None, layout: Layout) -> int | None:
    """The size of an array of theirs along an axis of ours; None if there is no such array."""
    if key not in arrays or arrays[key].ndim not in layout.axes:
        return None
    shape = layout.inward(arrays[key]).shape
    return shape[axis] if len(shape) > axis else None


def guesses(arrays: Arrays, name: str) -> list[Misfit]:
    """What else the file could nearly be: every other network in each of its layouts."""
    found = [
        attempt(arrays, {}, other, layout)
        for other in NETWORKS
        for layout in LAYOUTS
        if other != name and layout.fits(other) and layout.kind != "keras"
    ]
    return [
        Misfit(each.plan.network.name, each.layout, [], [], [], 1.0)
        if isinstance(each, Match)
        else each
        for each in found
    ]


def check_values(source: str, arrays: Arrays) -> None:
    """Raises DataError unless all are float32 and finite."""
    for name, array in arrays.items():
        if array.dtype != np.float32:
            raise DataError(f"{source}: {name} is {array.dtype}, but weights are float32")
        if not np.isfinite(array).all():
            raise DataError(f"{source}: {name} holds NaN or infinity")


def spelled(match: Match, layout: Layout) -> Arrays:
    """Our arrays under the party's names, as they lie there, with what was carried along."""
    names = layout.names(match.plan)
    groups = match.plan.groups()
    there = {
        names[ours]: layout.outward(array, groups.get(ours, 0))
        for ours, array in match.arrays.items()
    }
    own = {match.carried.names.get(key, key): array for key, array in there.items()}
    scalars = match.carried.scalars.items()
    return own | {k: np.asarray(v) for k, v in scalars if re.fullmatch(layout.ignored, k)}


def keras_places(plan: Plan) -> dict[str, str]:
    """The places of our arrays in the file that Keras' `save_weights` writes."""
    found = all_keras_places(plan.network.name, plan.network.aux)
    return {name: found[name] for name in plan.arrays()}


@cache
def all_keras_places(name: str, aux: bool) -> dict[str, str]:
    """Those places for a network with a classifier; Keras itself says where they are."""
    found, _ = call(Job("places", "tensorflow", name, aux=aux))
    return {key: str(place) for key, place in found.items()}
