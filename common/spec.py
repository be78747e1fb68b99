"""The grammar: the words, or kinds of layer, from which every network is put together.

A word says what is computed, never how a framework spells it. Sizes are (rows, columns); one
number stands for both. Maps are C x H x W, one image; the batch goes without saying.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from common.preprocess import SQUEEZE, Preprocess

Shape = tuple[int, ...]
Size = int | tuple[int, int]


class Rule(Enum):
    """Padding that depends on the input's size; the plan turns it into numbers."""

    CEIL = "the last window may hang over the far edge (PyTorch's ceil_mode)"
    SAME = "ceil(size / stride) windows; of an odd border the larger half lies after (TensorFlow)"


Padding = Size | Rule


@dataclass(frozen=True)
class Conv:
    """Convolution (strictly cross-correlation), zeros beyond the border."""

    channels: int
    kernel: Size
    stride: Size = 1
    padding: Padding = 0
    bias: bool = True


@dataclass(frozen=True)
class DepthwiseConv:
    """Each channel convolved alone, with `multiplier` kernels of its own and no bias."""

    kernel: Size
    stride: Size = 1
    padding: Padding = 0
    multiplier: int = 1


@dataclass(frozen=True)
class BatchNorm:
    """Each channel less its mean, divided by sqrt(variance + eps), scaled if `scale`, shifted.

    In training the batch's mean and variance count (divided by n, the values per channel), and
    the running ones, of which evaluation knows, keep the fraction `keep` of their old value at
    each step and take the rest from the batch's.
    """

    eps: float
    keep: float = 0.9
    scale: bool = True


@dataclass(frozen=True)
class LRN:
    """x / (1 + alpha / size * the sum of squares of the `size` channels around it) ** beta."""

    size: int
    alpha: float
    beta: float


@dataclass(frozen=True)
class Affine:
    """Each value times a constant plus a constant, one pair per channel or one for all."""

    scale: tuple[float, ...]
    shift: tuple[float, ...]


@dataclass(frozen=True)
class MaxPool:
    """The largest value under each window; what lies beyond the border never wins."""

    kernel: Size
    stride: Size
    padding: Padding = 0


@dataclass(frozen=True)
class AvgPool:
    """The mean under each window, over the values inside the border unless `counts_border`."""

    kernel: Size
    stride: Size
    padding: Padding = 0
    counts_border: bool = False


@dataclass(frozen=True)
class AdaptiveAvgPool:
    """`size` x `size` means, the i-th over rows floor(i H / size) to ceil((i + 1) H / size)."""

    size: int


@dataclass(frozen=True)
class GlobalAvgPool:
    """The mean of each channel, kept as a 1 x 1 map."""


@dataclass(frozen=True)
class ReLU:
    """max(x, 0)."""


@dataclass(frozen=True)
class Dropout:
    """In training, drops values with probability `rate` and scales the rest by 1 / (1 - rate)."""

    rate: float


@dataclass(frozen=True)
class Flatten:
    """A map as one vector, in channel, row, column order."""


@dataclass(frozen=True)
class Linear:
    """A fully connected layer."""

    features: int
    bias: bool = True


@dataclass(frozen=True)
class L2Norm:
    """A vector divided by its length, or by 1e-12 if that is larger."""


@dataclass(frozen=True)
class Chain:
    """Named steps, one after the other."""

    steps: Mapping[str, "Word"]


@dataclass(frozen=True)
class Concat:
    """Named branches from one input, joined along the channels in this order."""

    branches: Mapping[str, "Word"]


@dataclass(frozen=True)
class Residual:
    """`scale` times a branch, plus the input or what a shortcut makes of it."""

    branch: "Word"
    shortcut: "Word | None" = None
    scale: float = 1.0


Word = (
    Conv | DepthwiseConv | BatchNorm | LRN | Affine
    | MaxPool | AvgPool | AdaptiveAvgPool | GlobalAvgPool
    | ReLU | Dropout | Flatten | Linear | L2Norm | Chain | Concat | Residual
)  # fmt: skip


class Init(Enum):
    """How weights start, after the code each network is published in; biases start at 0."""

    FAN_OUT = "convolutions normal with variance 2 / (out x kernel), linear with deviation 0.01"
    FAN_IN = "normal with variance 2 / (in x kernel)"
    XAVIER = "uniform with variance 2 / (in x kernel + out x kernel)"
    NORMAL = "normal with deviation 0.01"
    TRUNCATED = "normal with deviation 0.01, redrawn beyond two deviations"
    PADDLE = "convolutions as FAN_IN, linear uniform with variance 1 / in"


@dataclass(frozen=True)
class Head:
    """An auxiliary classifier that hangs on the output of the step `after`.

    In training its loss counts `weight` times.
    """

    after: str
    body: Chain
    weight: float


@dataclass(frozen=True)
class NetworkSpec:
    """A body, the heads that can hang on it, and the input it is made for.

    `aux` says whether the heads are there. `classifier` is the step whose weights have one row
    a class; with 0 classes the body ends before it, in the features. The labels it is trained
    with are smoothed by `label_smoothing`, its images made ready by `preprocess`.
    """

    name: str
    origin: str
    input: Shape
    classes: int
    body: Chain
    heads: Mapping[str, Head]
    classifier: str
    init: Init
    label_smoothing: float = 0.0
    aux: bool = False
    preprocess: Preprocess = SQUEEZE

    @property
    def output(self) -> str:
        """The name under which the body's result travels."""
        return "logits" if self.classes else "features"


def sequence(*words: Word) -> Chain:
    """A chain whose steps are numbered from 0, for figures that give them no names."""
    return Chain({str(number): word for number, word in enumerate(words)})


def pair(size: Size) -> tuple[int, int]:
    """A size as (rows, columns)."""
    return size if isinstance(size, tuple) else (size, size)


def join(path: str, name: str) -> str:
    """The path of a step inside a word."""
    return f"{path}.{name}" if path else name


def shape_text(shape: Shape) -> str:
    """A shape as people write it: 3x224x224."""
    return "x".join(str(size) for size in shape)
