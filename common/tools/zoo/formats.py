"""The table of all known checkpoint formats: which networks they hold, under which names."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from numpy.typing import NDArray

from common.arrays import Arrays
from common.files.framework_axes import KERAS_AXES, PADDLE, PYTORCH, TENSORFLOW, Axes, Layout
from common.spec import Shape
from common.spec.plan import Plan
from common.tools.zoo.keras_names import counted_anew, published_names
from common.tools.zoo.paddle_tutorial import tidied
from common.tools.zoo.renaming import (
    CAFFE_BLOBS,
    CAFFE_V1,
    CAFFE_V2,
    COUNTERS,
    D2L,
    FACENET,
    LAST_LINEAR,
    ONNX_ZOO,
    PADDLE_TUTORIAL,
    PADDLE_VISION,
    PADDLE_VISION_V3,
    PADDLECLAS_V3,
    TIMM_RESNET_V2,
    TIMM_V4,
    TIMM_XCEPTION,
    TORCHVISION_V3,
    UNDERSCORES,
    Rules,
)
from common.tools.zoo.slim_names import (
    SLIM_EXTRA,
    SLIM_PARTS,
    SLIM_RESNET_V2,
    SLIM_V1,
    SLIM_V2,
    SLIM_V3,
    SLIM_V4,
)

# In TF-Slim, a linear layer is also a 1x1 convolution.
SLIM_AXES: Axes = {**KERAS_AXES, 2: (2, 3, 1, 0)}


@dataclass(frozen=True, eq=False, kw_only=True)
class CheckpointFormat(Layout):
    """A checkpoint format, with the networks that are published in it and their file type.

    `ignored` matches the names of arrays in a file that are not weights of the network, `stand_ins`
    those that may be left out if all their values are 1; `optional` matches names of ours that a
    file may lack, and that are ones then. `tidy` returns the format's name for each array of a
    file, where copies of the code use different names. `elsewhere` maps a number of classes to the
    network whose files have it.
    """

    networks: str = r".*"
    kind: str = "torch"
    ignored: str = r"(?!)"
    stand_ins: str = r"(?!)"
    optional: str = r"(?!)"
    tidy: Callable[[Arrays], dict[str, str]] = lambda _: {}
    elsewhere: Mapping[int, str] = field(default_factory=dict)

    def fits(self, name: str) -> bool:
        """Whether a network is published in this format."""
        return re.fullmatch(self.networks, name) is not None

    def passes_over(self, name: str, array: NDArray) -> bool:
        """Whether an array that is not a weight of the network may be ignored in its files."""
        if re.fullmatch(self.stand_ins, name):
            return bool((array == 1).all())
        return not array.ndim or re.fullmatch(self.ignored, name) is not None

    def may_omit(self, name: str, array: NDArray | None = None) -> bool:
        """Whether a file may lack an array of ours; one that is given must also be all ones."""
        return re.fullmatch(self.optional, name) is not None and (
            array is None or bool((array == 1).all())
        )


def by_rules(*rules: Rules) -> Callable[[Plan], dict[str, str]]:
    """A function from a plan to a format's names: each rule is applied to our names in turn."""

    @cache
    def renamed(name: str) -> str:
        for pattern, replacement in (rule for table in rules for rule in table):
            name = re.sub(pattern, replacement, name)
        return name

    return lambda plan: {ours: renamed(ours) for ours in plan.array_shapes()}


def first_edition(arrays: Arrays) -> dict[str, str]:
    """Maps a later d2l edition's names to those of the first: net.2.0.b1_1 to 2.0.p1_1."""
    later = {key: key.removeprefix("net.") for key in arrays}
    return {key: re.sub(r"\.b(\d_\d)\.", r".p\1.", name) for key, name in later.items()}


KERAS_EXTRA = r"(optimizer|seed_generator).*"
NATIVE = (
    CheckpointFormat("ours", PYTORCH.axes, PYTORCH.names, kind="safetensors"),
    CheckpointFormat("pytorch", PYTORCH.axes, PYTORCH.names, ignored=COUNTERS),
    CheckpointFormat(
        "tensorflow", TENSORFLOW.axes, TENSORFLOW.names, kind="hdf5", ignored=KERAS_EXTRA
    ),
    CheckpointFormat(
        "paddle", PADDLE.axes, PADDLE.names, kind="pickle", stand_ins=r".*\.bn\.weight"
    ),
)


def torch_format(name: str, networks: str, *rules: Rules) -> CheckpointFormat:
    """The format of a library that is written in PyTorch."""
    return CheckpointFormat(
        name, PYTORCH.axes, by_rules(*rules), networks=networks, ignored=COUNTERS
    )


def v3_format(name: str, networks: str, *rules: Rules) -> CheckpointFormat:
    """The format of a PyTorch library for Inception v3 or the FID network, which has its names."""
    # torchvision's 1000 classes are ImageNet's; TensorFlow's 1008 are from an older training.
    elsewhere = {1000: "inception_v3"} if name == "pytorch_fid" else {1008: "inception_v3.fid"}
    return replace(torch_format(name, networks, TORCHVISION_V3, *rules), elsewhere=elsewhere)


def paddle_format(name: str, networks: str, *rules: Rules) -> CheckpointFormat:
    """The format of a library that is written in Paddle."""
    return CheckpointFormat(name, PADDLE.axes, by_rules(*rules), networks=networks, kind="pickle")


def slim_format(networks: str, rules: Rules, axes: Axes = SLIM_AXES) -> CheckpointFormat:
    """TF-Slim's format for a network; its batch norm has a scale only if requested."""
    names = by_rules(rules, SLIM_PARTS)
    scale = r".*\.bn\.weight"
    return CheckpointFormat(
        "slim",
        axes,
        names,
        networks=networks,
        kind="checkpoint",
        ignored=SLIM_EXTRA,
        optional=scale,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Blobs(CheckpointFormat):
    """Caffe's formats, in which the blobs of older files always have four axes."""

    def transpose_from(self, array: NDArray, shape: Shape, groups: int | None) -> NDArray:
        """An array in our axis order, without its extra leading and trailing axes of length 1."""
        while array.ndim > len(shape) and array.shape[0] == 1:
            array = array[0]
        while array.ndim > len(shape) and array.shape[-1] == 1:
            array = array[..., 0]
        return super().transpose_from(array, shape, groups)


def caffe_format(networks: str, *rules: Rules) -> CheckpointFormat:
    """A format of Caffe's."""
    return Blobs(
        "caffe", PYTORCH.axes, by_rules(*rules, CAFFE_BLOBS), networks=networks, kind="caffe"
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Listed(Blobs):
    """A list of arrays in the order of the layers, without names, as Lasagne's recipes have it."""

    def transpose_from(self, array: NDArray, shape: Shape, groups: int | None) -> NDArray:
        """An array in our axis order; a linear layer may also be a 1 x 1 convolution."""
        if len(shape) == 2 and array.shape[2:] == (1, 1):
            return array[:, :, 0, 0]
        return super().transpose_from(array, shape, groups)


def positions(plan: Plan) -> dict[str, str]:
    """The position of each array of the network without its heads, in the order of its layers."""
    names = [name for name in plan.array_shapes() if name.split(".")[0] not in plan.heads]
    return {name: str(position) for position, name in enumerate(names)}


KERAS_APPLICATIONS = r"inception_v3\.keras|inception_resnet_v2\.keras|xception"
FORMATS = (
    *NATIVE,
    torch_format("tutorial", r"googlenet"),
    torch_format("torchvision", r"googlenet\.torchvision(\.input)?"),
    v3_format("torchvision", r"inception_v3(\.input)?"),
    v3_format("timm", r"inception_v3(\.input)?"),
    v3_format("pytorch_fid", r"inception_v3\.fid"),
    torch_format("timm", r"inception_v4", TIMM_V4),
    torch_format("timm", r"inception_resnet_v2", TIMM_RESNET_V2),
    torch_format("facenet", r"inception_resnet_v1\.facenet", FACENET),
    torch_format("timm", r"xception\.timm", TIMM_XCEPTION),
    v3_format("pretrainedmodels", r"inception_v3", LAST_LINEAR),
    torch_format("pretrainedmodels", r"inception_v2\.caffe", CAFFE_V2, UNDERSCORES, LAST_LINEAR),
    torch_format("pretrainedmodels", r"inception_v4", TIMM_V4),
    torch_format("pretrainedmodels", r"inception_resnet_v2", TIMM_RESNET_V2, LAST_LINEAR),
    torch_format("pretrainedmodels", r"xception\.timm", TIMM_XCEPTION, LAST_LINEAR),
    replace(torch_format("d2l", r"googlenet\.d2l", D2L), tidy=first_edition),
    CheckpointFormat(
        "keras",
        KERAS_AXES,
        published_names,
        networks=KERAS_APPLICATIONS,
        kind="hdf5",
        ignored=KERAS_EXTRA,
        tidy=counted_anew,
    ),
    paddle_format("paddle_vision", r"googlenet\.paddle_vision", PADDLE_VISION),
    paddle_format("paddle_vision", r"inception_v3\.paddle_vision", PADDLE_VISION_V3),
    paddle_format("paddleclas", r"googlenet\.paddle_vision", PADDLE_VISION),
    paddle_format("paddleclas", r"inception_v3\.paddle_vision", PADDLECLAS_V3),
    replace(paddle_format("paddle_tutorial", r"googlenet\.paddle", PADDLE_TUTORIAL), tidy=tidied),
    caffe_format(r"googlenet\.(caffe|paper)", CAFFE_V1),
    caffe_format(r"inception_v2\.caffe", CAFFE_V2),
    CheckpointFormat(
        "onnx_zoo",
        PYTORCH.axes,
        by_rules(CAFFE_V1, CAFFE_BLOBS, ONNX_ZOO),
        networks=r"googlenet\.(caffe|paper)",
    ),
    Listed(
        "lasagne", {**KERAS_AXES, 4: (0, 1, 2, 3)}, positions, networks=r"googlenet\.(caffe|paper)"
    ),
    slim_format(r"googlenet\.slim", SLIM_V1),
    slim_format(r"inception_v2\.slim", SLIM_V2),
    slim_format(r"inception_v3\.keras", SLIM_V3),
    # Their classifiers are linear layers, whose weights are matrices.
    slim_format(r"inception_v4", SLIM_V4, KERAS_AXES),
    slim_format(r"inception_resnet_v2(\.keras)?", SLIM_RESNET_V2, KERAS_AXES),
)
