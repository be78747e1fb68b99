"""The spec of a network: body and heads, initialisation, label smoothing and preprocessing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from common.spec.layer_types import Chain, Shape
from common.spec.preprocess import SQUEEZE, Preprocess


class Init(Enum):
    """Weight initialisation, as in each network's published code; biases start at 0."""

    FAN_OUT = "convolutions normal with variance 2 / (out x kernel), linear with deviation 0.01"
    FAN_IN = "normal with variance 2 / (in x kernel)"
    XAVIER = "uniform with variance 2 / (in x kernel + out x kernel)"
    NORMAL = "normal with deviation 0.01"
    TRUNCATED = "normal with deviation 0.01, redrawn beyond two deviations"
    PADDLE = "convolutions as FAN_IN, linear uniform with variance 1 / in"


@dataclass(frozen=True)
class Head:
    """An auxiliary classifier attached to the output of the step `after`.

    Its training loss is multiplied by `weight`.
    """

    after: str
    body: Chain
    weight: float


@dataclass(frozen=True)
class NetworkSpec:
    """A network's body, its optional heads and its input shape.

    `aux` includes the heads. `classifier` is the step whose weights have one row per class; with 0
    classes, the body ends before it and outputs the features. Training labels are smoothed by
    `label_smoothing`, and images are prepared by `preprocess`.
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
        """The name of the body's output."""
        return "logits" if self.classes else "features"
