"""Layer types: the building blocks of every network.

A layer type defines what is computed, independently of any framework. Sizes are (rows, columns); a
single number applies to both. Shapes are (C, H, W) for feature maps and (C,) for vectors, without
the batch axis. Layers state only their output channels; the plan infers the input channels. A
chain, a concat and a residual contain other layers; all other layers are leaves. `label` is the
name of the type in tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from common.spec.block import BuiltBy

Shape = tuple[int, ...]
Size = int | tuple[int, int]


class PaddingRule(Enum):
    """Padding that depends on the input size; the plan resolves it to numbers.

    CEIL pads only after the last row and column, so that the number of windows is rounded up
    instead of down; as in PyTorch's `ceil_mode`, no window starts beyond the input. SAME is
    TensorFlow's: there are ceil(size / stride) windows, and the padding that they need is divided
    between both sides; if it is odd, the extra row or column is at the end.
    """

    CEIL = "the last window may extend beyond the input (PyTorch's ceil_mode)"
    SAME = "ceil(size / stride) windows; an odd padding has the extra row at the end (TensorFlow)"


Padding = Size | PaddingRule


@dataclass(frozen=True)
class Conv:
    """Convolution (strictly, cross-correlation) with zero padding."""

    label: ClassVar[str] = "convolution"
    channels: int
    kernel: Size
    stride: Size = 1
    padding: Padding = 0
    bias: bool = True


@dataclass(frozen=True)
class DepthwiseConv:
    """Depthwise convolution with `multiplier` kernels per channel and no bias."""

    label: ClassVar[str] = "depthwise convolution"
    kernel: Size
    stride: Size = 1
    padding: Padding = 0
    multiplier: int = 1


@dataclass(frozen=True)
class BatchNorm:
    """(x - mean) / sqrt(variance + eps) for each channel, scaled if `scale`, and shifted.

    Training uses the batch's mean and variance (divided by n, the number of values per channel) and
    updates the running statistics: running = keep * running + (1 - keep) * batch. Evaluation uses
    the running statistics. `keep` is Keras' and Paddle's `momentum`, and 1 minus PyTorch's.
    """

    label: ClassVar[str] = "batch norm"
    eps: float
    keep: float = 0.9
    scale: bool = True


@dataclass(frozen=True)
class LRN:
    """x / (1 + alpha / size * the sum of squares of the `size` channels around x) ** beta.

    An even `size` includes one more channel before x than after it, as in PyTorch. PyTorch's `k` is
    1.
    """

    label: ClassVar[str] = "LRN"
    size: int
    alpha: float
    beta: float


@dataclass(frozen=True)
class Affine:
    """scale * x + shift, with one pair of constants per channel or one for all."""

    label: ClassVar[str] = "affine"
    scale: tuple[float, ...]
    shift: tuple[float, ...]


@dataclass(frozen=True)
class MaxPool:
    """The maximum over each window; padding is -inf."""

    label: ClassVar[str] = "max pool"
    kernel: Size
    stride: Size
    padding: Padding = 0


@dataclass(frozen=True)
class AvgPool:
    """The mean over each window, excluding the padding unless `counts_border`.

    `counts_border` is PyTorch's `count_include_pad`.
    """

    label: ClassVar[str] = "average pool"
    kernel: Size
    stride: Size
    padding: Padding = 0
    counts_border: bool = False


@dataclass(frozen=True)
class AdaptiveAvgPool:
    """Means over `size` x `size` windows that cover the input and may overlap.

    Counted from 0, the i-th row of windows covers the rows from floor(i H / size) up to, but not
    including, ceil((i + 1) H / size); likewise for columns.
    """

    label: ClassVar[str] = "adaptive average pool"
    size: int


@dataclass(frozen=True)
class GlobalAvgPool:
    """The mean of each channel, kept as a 1 x 1 feature map."""

    label: ClassVar[str] = "global average pool"


@dataclass(frozen=True)
class ReLU:
    """max(x, 0)."""

    label: ClassVar[str] = "ReLU"


@dataclass(frozen=True)
class Dropout:
    """In training, drops values with probability `rate` and scales the rest by 1 / (1 - rate)."""

    label: ClassVar[str] = "dropout"
    rate: float


@dataclass(frozen=True)
class Flatten:
    """Flattens a feature map to a vector, in the order channel, row, column."""

    label: ClassVar[str] = "flatten"


@dataclass(frozen=True)
class Linear:
    """A fully connected layer."""

    label: ClassVar[str] = "linear"
    features: int
    bias: bool = True


@dataclass(frozen=True)
class L2Norm:
    """A vector divided by its Euclidean length, or by 1e-12 if that is larger."""

    label: ClassVar[str] = "L2 normalisation"


@dataclass(frozen=True)
class Chain:
    """Named layers, applied one after the other."""

    label: ClassVar[str] = "Chain"
    layers: Mapping[str, "Layer"]
    built_by: BuiltBy | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True)
class Concat:
    """Named branches with the same input, concatenated along the channels in their order."""

    label: ClassVar[str] = "Concat"
    branches: Mapping[str, "Layer"]
    built_by: BuiltBy | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True)
class Residual:
    """scale * branch(x) + shortcut(x); without a shortcut, x itself is added."""

    label: ClassVar[str] = "Residual"
    branch: "Layer"
    shortcut: "Layer | None" = None
    scale: float = 1.0
    built_by: BuiltBy | None = field(default=None, compare=False, repr=False, kw_only=True)


Layer = (
    Conv | DepthwiseConv | BatchNorm | LRN | Affine
    | MaxPool | AvgPool | AdaptiveAvgPool | GlobalAvgPool
    | ReLU | Dropout | Flatten | Linear | L2Norm | Chain | Concat | Residual
)  # fmt: skip


def sequence(*layers: Layer) -> Chain:
    """A chain whose layers are named by their numbers, from 0: papers rarely name them."""
    return Chain({str(number): layer for number, layer in enumerate(layers)})


def pair(size: Size) -> tuple[int, int]:
    """A size as (rows, columns)."""
    return size if isinstance(size, tuple) else (size, size)


def join(path: str, name: str) -> str:
    """The path of the layer `name` inside the layer at `path`: the names, separated by dots."""
    return f"{path}.{name}" if path else name


def shape_text(shape: Shape) -> str:
    """A shape as text, such as 3x224x224."""
    return "x".join(str(size) for size in shape)
