"""How each party names and lays out the arrays of a network.

A `Layout` is one party's naming: what each of our arrays is called in its files, and how the
array's axes lie there. An array it has no name for is not in those files.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from common.files.layouts import own_names
from common.plan import Plan
from common.spec import Shape
from common.zoo.keras_names import counted_anew, published_names
from common.zoo.paddle_tutorial import tidied
from common.zoo.renaming import (
    COUNTERS,
    D2L,
    PADDLE_NORM,
    PADDLE_TUTORIAL,
    PADDLE_VISION,
    PADDLE_VISION_V3,
    SLIM_EXTRA,
    SLIM_PARTS,
    SLIM_V1,
    SLIM_V2,
    SLIM_V3,
    TIMM_RESNET_V2,
    TIMM_V4,
    TIMM_XCEPTION,
    TORCHVISION_V3,
    Rules,
)

Arrays = dict[str, NDArray]

# How an array of each rank lies, as axes of ours: convolution, linear, batch norm and bias.
TORCH = {4: (0, 1, 2, 3), 2: (0, 1), 1: (0,)}
TENSORFLOW = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
PADDLE = {4: (0, 1, 2, 3), 2: (1, 0), 1: (0,)}
# In TF-Slim a linear layer is a 1x1 convolution, too.
SLIM = TENSORFLOW | {2: (2, 3, 1, 0)}


@dataclass(frozen=True)
class Layout:
    """One party's naming of a network: regular expressions applied in turn to our names.

    `ignored` matches what may stand in its files and is no weight of the network, `stand_ins` what
    may if it is all ones; `tidied` gives the layout's name for each array of a file where copies
    of it name things differently.
    """

    name: str
    networks: str
    kind: str
    axes: Mapping[int, tuple[int, ...]]
    rules: Rules = ()
    ignored: str = r"(?!)"
    tidied: Callable[[Arrays], dict[str, str]] = lambda _: {}
    stand_ins: str = r"(?!)"

    def names(self, plan: Plan) -> dict[str, str]:
        """The party's name for each array of ours."""
        if self.kind == "hdf5":
            return published_names(plan) if self.name == "keras" else own_names(plan)
        return {name: renamed(name, self.rules) for name in plan.arrays()}

    def fits(self, name: str) -> bool:
        """Whether a network of ours is published in this layout."""
        return re.fullmatch(self.networks, name) is not None

    def passes_over(self, name: str, array: NDArray) -> bool:
        """Whether an array that is no weight of the network may stand in its files."""
        if re.fullmatch(self.stand_ins, name):
            return bool((array == 1).all())
        return re.fullmatch(self.ignored, name) is not None

    def outward(self, array: NDArray, groups: int = 0) -> NDArray:
        """An array of ours as it lies there; depthwise it is (h, w, in, each) in TensorFlow."""
        axes = self.axes[array.ndim]
        if groups and axes == TENSORFLOW[4]:
            array = array.reshape(groups, -1, *array.shape[2:]).transpose(1, 0, 2, 3)
        array = array.reshape(*array.shape, *(1,) * (len(axes) - array.ndim))
        return np.ascontiguousarray(array.transpose(axes))

    def inward(self, array: NDArray, shape: Shape, groups: int = 0) -> NDArray:
        """An array from there as it lies here, where it has this shape, or at least this rank."""
        axes = self.axes[len(shape)]
        if array.ndim != len(axes):
            return array
        array = array.transpose(np.argsort(axes))
        if groups and axes == TENSORFLOW[4]:
            array = array.transpose(1, 0, 2, 3).reshape(-1, 1, *array.shape[2:])
        return np.ascontiguousarray(array.reshape(array.shape[: len(shape)]))


def first_edition(arrays: Arrays) -> dict[str, str]:
    """The names of d2l's first edition, for a later one's: 2.0.p1_1 for net.2.0.b1_1."""
    later = {key: key.removeprefix("net.") for key in arrays}
    return {key: re.sub(r"\.b(\d_\d)\.", r".p\1.", name) for key, name in later.items()}


def renamed(name: str, rules: Rules) -> str:
    """The name after all rules, each applied once to the whole."""
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


APPLICATIONS = r"inception_v3\.keras|inception_resnet_v2\.keras|xception"
KERAS_EXTRA = r"(optimizer|seed_generator).*"

NATIVE = (
    Layout("ours", r".*", "safetensors", TORCH),
    Layout("pytorch", r".*", "torch", TORCH, ignored=COUNTERS),
    Layout("tensorflow", r".*", "hdf5", TENSORFLOW, ignored=KERAS_EXTRA),
    Layout("paddle", r".*", "pickle", PADDLE, PADDLE_NORM, stand_ins=r".*\.bn\.weight"),
)
TORCHVISION = Layout("torchvision", r"googlenet\.torchvision.*", "torch", TORCH, ignored=COUNTERS)
PUBLISHED = (
    Layout("tutorial", r"googlenet", "torch", TORCH),
    TORCHVISION,
    replace(TORCHVISION, networks=r"inception_v3", rules=TORCHVISION_V3),
    replace(TORCHVISION, name="timm", networks=r"inception_v3", rules=TORCHVISION_V3),
    replace(TORCHVISION, name="timm", networks=r"inception_v4", rules=TIMM_V4),
    replace(TORCHVISION, name="timm", networks=r"inception_resnet_v2", rules=TIMM_RESNET_V2),
    replace(TORCHVISION, name="timm", networks=r"xception\.timm", rules=TIMM_XCEPTION),
    Layout("keras", APPLICATIONS, "hdf5", TENSORFLOW, (), KERAS_EXTRA, counted_anew),
    Layout("paddle_vision", r"googlenet\.paddle_vision", "pickle", PADDLE, PADDLE_VISION),
    Layout("paddle_vision", r"inception_v3\.paddle_vision", "pickle", PADDLE, PADDLE_VISION_V3),
    Layout(
        "paddle_tutorial", r"googlenet\.paddle", "pickle", PADDLE, PADDLE_TUTORIAL, tidied=tidied
    ),
    Layout("d2l", r"googlenet\.d2l", "torch", TORCH, D2L, tidied=first_edition),
    Layout("slim", r"googlenet\.slim", "checkpoint", SLIM, SLIM_V1 + SLIM_PARTS, SLIM_EXTRA),
    Layout("slim", r"inception_v2\.slim", "checkpoint", SLIM, SLIM_V2 + SLIM_PARTS, SLIM_EXTRA),
    Layout("slim", r"inception_v3\.keras", "checkpoint", SLIM, SLIM_V3 + SLIM_PARTS, SLIM_EXTRA),
)
LAYOUTS = NATIVE + PUBLISHED
