"""The spec of a network: body and heads, initialisation, label smoothing and preprocessing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from common.spec.layer_types import Chain, Shape
from common.spec.preprocess import SQUEEZE, Preprocess


class Init(Enum):
    """Initial weights: one rule for a network, close to its published code; biases start at 0.

    The exceptions are listed in docs/departures.md.

    `in` and `out` are the numbers of input and output channels, `kernel` is the number of positions
    in the kernel, and "deviation" is the standard deviation. TRUNCATED redraws values beyond two
    standard deviations.
    """

    FAN_OUT = "convolutions normal with variance 2 / (out x kernel), linear with deviation 0.01"
    FAN_IN = "normal with variance 2 / (in x kernel)"
    XAVIER = "uniform with variance 2 / (in x kernel + out x kernel)"
    NORMAL = "normal with standard deviation 0.01"
    TRUNCATED = "normal with standard deviation 0.01, redrawn beyond two of them"
    PADDLE = "convolutions as FAN_IN, linear uniform with variance 1 / in"


@dataclass(frozen=True)
class Head:
    """An auxiliary classifier attached to the output of the layer `after`.

    Its training loss is multiplied by `weight`.
    """

    after: str
    body: Chain
    weight: float


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A network, independent of any framework: its body, its optional heads and its input shape.

    `origin` is the paper or the code that the layers follow. `input` is C x H x W. `aux` includes
    the heads. `classifier` is the layer whose weights have one row per class; with 0 classes, the
    body ends before it and outputs the features.

    `init` is how `googlenet init` draws initial weights. The functions that build a network in a
    framework use that framework's own initialisers instead, and a training run uses `init` only if
    its recipe says so. `label_smoothing` is the default in training, and `preprocess` is how images
    are prepared. `omitted` are the layers and heads of the published network that this part of it
    leaves out; a weights file may contain their arrays.
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
    omitted: tuple[str, ...] = ()

    @property
    def output(self) -> str:
        """The name under which the body's result is returned: `logits` or `features`."""
        return "logits" if self.classes else "features"
