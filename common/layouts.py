"""How each party names and lays out the arrays of a network: tables of names, no logic of files.

A `Layout` is one party's naming: what each of our arrays is called in its files, and how the
array's axes lie there. An array it has no name for is not in those files.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from common.keras_names import counted_anew, own_names, published_names
from common.networks.inception_v4 import inception_v4
from common.shapes import Plan
from common.spec import Shape
from common.tutorial import tidied

Arrays = dict[str, NDArray]
Rules = tuple[tuple[str, str], ...]

MIXED_V3 = [
    f"Mixed_{name}" for name in ["5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"]
]
STEPS_V4 = list(inception_v4(0).body.steps)[:-2]
# TF-Slim numbers the paper's modules on, one letter later, and a halving one begins a number.
MIXED_V2 = dict(
    zip(
        ["3a", "3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b"],
        [f"Mixed_{name}" for name in ["3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b", "5c"]],
        strict=True,
    )
)

# How an array of each rank lies, as axes of ours: convolution, linear, batch norm and bias.
TORCH = {4: (0, 1, 2, 3), 2: (0, 1), 1: (0,)}
TENSORFLOW = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
PADDLE = {4: (0, 1, 2, 3), 2: (1, 0), 1: (0,)}
# In TF-Slim a linear layer is a 1x1 convolution, too.
SLIM = TENSORFLOW | {2: (2, 3, 1, 0)}


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
        if self.kind == "hdf5":
            return published_names(plan) if self.name == "keras" else own_names(plan)
        return {name: renamed(name, self.rules) for name in plan.arrays()}

    def fits(self, name: str) -> bool:
        """Whether a network of ours is published in this layout."""
        return re.fullmatch(self.networks, name) is not None

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
# What training leaves in a checkpoint beside the weights.
SLIM_EXTRA = (
    r"global_step|beta[12]_power|train_op/.*|.*/(RMSProp.*|Momentum|Adam.*|Adagrad|Adadelta.*"
    r"|Ftrl.*|ExponentialMovingAverage)"
)

# Our branches are chains of steps; the published code has flat names: branch3x3dbl_3a.
FLAT: Rules = (
    (r"\.(\d)\.([ab])\.", r".\1\2."),
    (r"\.(branch\w+)\.(\d[ab]?)\.", r".\1_\2."),
)
TORCHVISION_V3: Rules = ((r"branch_pool\.proj", "branch_pool"), *FLAT)

PADDLE_VISION_V3: Rules = (
    (r"^Conv2d_", "inception_stem.conv_"),
    *((f"^{name}\\.", f"inception_block_list.{number}.") for number, name in enumerate(MIXED_V3)),
    (r"branch_pool\.proj", "branch_pool_conv"),
    *FLAT,
    (r"\.conv\.", ".0."),
    (r"\.bn\.", ".1."),
    *PADDLE_NORM,
)

TIMM_V4: Rules = (
    *((f"(^Mixed_7[bcd].*\\.branch[12])\\.{n}\\.([ab])\\.", rf"\1_{n}\2.") for n in "13"),
    (r"(^Mixed_7[bcd]\.branch[12])\.(\d)\.", r"\1_\2."),
    *((f"^{name}\\.", f"features.{number}.") for number, name in enumerate(STEPS_V4)),
    (r"^fc\.", "last_linear."),
)

TIMM_RESNET_V2: Rules = (
    (r"\.residual\.branch\.(branches\.)?", "."),
    (r"^block35\.", "repeat."),
    (r"^block17\.", "repeat_1."),
    (r"^block8\.([0-8])\.", r"repeat_2.\1."),
    (r"^block8\.9\.", "block8."),
)

TIMM_XCEPTION: Rules = (
    (r"\.depthwise\.", ".conv1."),
    (r"\.branch\.", ".rep."),
    (r"\.shortcut\.conv\.", ".skip."),
    (r"\.shortcut\.bn\.", ".skipbn."),
    (r"^(conv\d)\.conv\.", r"\1."),
    (r"^conv(\d)\.bn\.", r"bn\1."),
)

SLIM_V2: Rules = (
    (r"^conv1\.depthwise\.weight", "Conv2d_1a_7x7.depthwise_weights"),
    (r"^conv1\.pointwise\.weight", "Conv2d_1a_7x7.pointwise_weights"),
    (r"^conv1\.pointwise\.bias", "Conv2d_1a_7x7.biases"),
    (r"^conv2\.", "Conv2d_2b_1x1."),
    (r"^conv3\.", "Conv2d_2c_3x3."),
    (r"^inception(3c|4e)\.branch2\.0\.", r"inception\1.Branch_0.Conv2d_0a_1x1."),
    (r"^inception(3c|4e)\.branch2\.1\.", r"inception\1.Branch_0.Conv2d_1a_3x3."),
    (r"^inception(3c|4e)\.branch3\.0\.", r"inception\1.Branch_1.Conv2d_0a_1x1."),
    (r"^inception(3c|4e)\.branch3\.1\.", r"inception\1.Branch_1.Conv2d_0b_3x3."),
    (r"^inception(3c|4e)\.branch3\.2\.", r"inception\1.Branch_1.Conv2d_1a_3x3."),
    *((f"^inception{ours}\\.", f"{theirs}.") for ours, theirs in MIXED_V2.items()),
    (r"branch1\.", "Branch_0.Conv2d_0a_1x1."),
    (r"branch2\.0\.", "Branch_1.Conv2d_0a_1x1."),
    (r"branch2\.1\.", "Branch_1.Conv2d_0b_3x3."),
    (r"branch3\.0\.", "Branch_2.Conv2d_0a_1x1."),
    (r"branch3\.1\.", "Branch_2.Conv2d_0b_3x3."),
    (r"branch3\.2\.", "Branch_2.Conv2d_0c_3x3."),
    (r"branch4\.1\.", "Branch_3.Conv2d_0b_1x1."),
    (r"^fc\.", "Logits.Conv2d_1c_1x1."),
    (r"^", "InceptionV2."),
)

# TF-Slim's scopes in Inception v3 count letters; in Mixed_5c, 6a and 7b they miscount.
SLIM_V3: Rules = (
    (r"^(Mixed_5c)\.branch5x5\.1\.", r"\1.Branch_1.Conv2d_0b_1x1."),
    (r"^(Mixed_5c)\.branch5x5\.2\.", r"\1.Branch_1.Conv_1_0c_5x5."),
    (r"^(Mixed_6a)\.branch3x3\.", r"\1.Branch_0.Conv2d_1a_1x1."),
    (r"^(Mixed_6a)\.branch3x3dbl\.1\.", r"\1.Branch_1.Conv2d_0a_1x1."),
    (r"^(Mixed_6a)\.branch3x3dbl\.2\.", r"\1.Branch_1.Conv2d_0b_3x3."),
    (r"^(Mixed_6a)\.branch3x3dbl\.3\.", r"\1.Branch_1.Conv2d_1a_1x1."),
    (r"^(Mixed_7a)\.branch3x3\.1\.", r"\1.Branch_0.Conv2d_0a_1x1."),
    (r"^(Mixed_7a)\.branch3x3\.2\.", r"\1.Branch_0.Conv2d_1a_3x3."),
    (r"^(Mixed_7a)\.branch7x7x3\.1\.", r"\1.Branch_1.Conv2d_0a_1x1."),
    (r"^(Mixed_7a)\.branch7x7x3\.2\.", r"\1.Branch_1.Conv2d_0b_1x7."),
    (r"^(Mixed_7a)\.branch7x7x3\.3\.", r"\1.Branch_1.Conv2d_0c_7x1."),
    (r"^(Mixed_7a)\.branch7x7x3\.4\.", r"\1.Branch_1.Conv2d_1a_3x3."),
    (r"^(Mixed_7b)\.branch3x3\.2\.b\.", r"\1.Branch_1.Conv2d_0b_3x1."),
    (r"branch1x1\.", "Branch_0.Conv2d_0a_1x1."),
    (r"branch5x5\.1\.", "Branch_1.Conv2d_0a_1x1."),
    (r"branch5x5\.2\.", "Branch_1.Conv2d_0b_5x5."),
    (r"branch3x3dbl\.1\.", "Branch_2.Conv2d_0a_1x1."),
    (r"branch3x3dbl\.2\.", "Branch_2.Conv2d_0b_3x3."),
    (r"branch3x3dbl\.3\.a\.", "Branch_2.Conv2d_0c_1x3."),
    (r"branch3x3dbl\.3\.b\.", "Branch_2.Conv2d_0d_3x1."),
    (r"branch3x3dbl\.3\.", "Branch_2.Conv2d_0c_3x3."),
    (r"branch3x3\.1\.", "Branch_1.Conv2d_0a_1x1."),
    (r"branch3x3\.2\.a\.", "Branch_1.Conv2d_0b_1x3."),
    (r"branch3x3\.2\.b\.", "Branch_1.Conv2d_0c_3x1."),
    (r"branch7x7\.1\.", "Branch_1.Conv2d_0a_1x1."),
    (r"branch7x7\.2\.", "Branch_1.Conv2d_0b_1x7."),
    (r"branch7x7\.3\.", "Branch_1.Conv2d_0c_7x1."),
    (r"branch7x7dbl\.1\.", "Branch_2.Conv2d_0a_1x1."),
    (r"branch7x7dbl\.2\.", "Branch_2.Conv2d_0b_7x1."),
    (r"branch7x7dbl\.3\.", "Branch_2.Conv2d_0c_1x7."),
    (r"branch7x7dbl\.4\.", "Branch_2.Conv2d_0d_7x1."),
    (r"branch7x7dbl\.5\.", "Branch_2.Conv2d_0e_1x7."),
    (r"branch_pool\.proj\.", "Branch_3.Conv2d_0b_1x1."),
    (r"^AuxLogits\.conv0\.", "AuxLogits.Conv2d_1b_1x1."),
    (r"^AuxLogits\.conv1\.", "AuxLogits.Conv2d_2a_5x5."),
    (r"^AuxLogits\.fc\.", "AuxLogits.Conv2d_2b_1x1."),
    (r"^fc\.", "Logits.Conv2d_1c_1x1."),
    (r"^", "InceptionV3."),
)

APPLICATIONS = r"inception_v3\.keras|inception_resnet_v2\.keras|xception"
KERAS_EXTRA = r"(optimizer|seed_generator).*"

NATIVE = (
    Layout("ours", r".*", "safetensors", TORCH),
    Layout("pytorch", r".*", "torch", TORCH, ignored=COUNTERS),
    Layout("tensorflow", r".*", "hdf5", TENSORFLOW, ignored=KERAS_EXTRA),
    Layout("paddle", r".*", "pickle", PADDLE, PADDLE_NORM, r".*\.bn\.weight"),
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
