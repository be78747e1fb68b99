"""Recipes: how a network is trained, as data. Each word means one thing in every framework."""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

from common.data.augment import Augment
from common.preprocess import PREPROCESSES

STRICT = ConfigDict(extra="forbid", strict=True)
MOST = 2**31 - 1  # of whatever is counted
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=MOST)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@checked(frozen=True, config=STRICT)
class SGD:
    """Velocity = momentum x velocity + gradient; weight -= lr x velocity."""

    kind: Literal["sgd"] = "sgd"
    lr: Positive = 0.01
    momentum: Share = 0.9


@checked(frozen=True, config=STRICT)
class Nesterov:
    """Velocity as SGD; weight -= lr x (gradient + momentum x velocity)."""

    kind: Literal["nesterov"] = "nesterov"
    lr: Positive = 0.01
    momentum: Share = 0.9


@checked(frozen=True, config=STRICT)
class RMSProp:
    """The papers': eps inside the root, and the rate inside the momentum.

    square = rho x square + (1 - rho) x gradient^2; velocity = momentum x velocity + lr x gradient
    / sqrt(square + eps); weight -= velocity. eps is 1.0 in the Inception papers.
    """

    kind: Literal["rmsprop"] = "rmsprop"
    lr: Positive = 0.01
    rho: Share = 0.9
    momentum: Share = 0.9
    eps: Positive = 1.0


@checked(frozen=True, config=STRICT)
class Adam:
    """D. Kingma and J. Ba, 2014, algorithm 1: eps beside the root of the corrected square."""

    kind: Literal["adam"] = "adam"
    lr: Positive = 3e-4
    beta1: Share = 0.9
    beta2: Share = 0.999
    eps: Positive = 1e-8


@checked(frozen=True, config=STRICT)
class AdamW:
    """Adam, its decay outside the gradient: a weight first becomes (1 - lr x decay) of itself."""

    kind: Literal["adamw"] = "adamw"
    lr: Positive = 3e-4
    beta1: Share = 0.9
    beta2: Share = 0.999
    eps: Positive = 1e-8


@checked(frozen=True, config=STRICT)
class Constant:
    """The rate stays."""

    kind: Literal["constant"] = "constant"


@checked(frozen=True, config=STRICT)
class Steps:
    """The rate is multiplied by `factor` after every `epochs`: the paper's 4 % every 8."""

    kind: Literal["steps"] = "steps"
    factor: Positive = 0.96
    epochs: Positive = 8.0


@checked(frozen=True, config=STRICT)
class Cosine:
    """Half a cosine, from the full rate to none at the end."""

    kind: Literal["cosine"] = "cosine"


def check_preprocess(name: str) -> str:
    """The name; raises ValueError where no preprocessing has it."""
    if name not in PREPROCESSES:
        raise ValueError(f"there are: {', '.join(PREPROCESSES)}")
    return name


Optimizer = SGD | Nesterov | RMSProp | Adam | AdamW
Schedule = Constant | Steps | Cosine


@checked(frozen=True, config=STRICT)
class Recipe:
    """How a network is trained: what it is, what it learns from, and every number of a step.

    A step: the mean cross entropy of the batch, labels smoothed, each head's times its weight;
    its gradients, cut to a common norm of `clip`; `weight_decay` times each weight of more than one
    dimension added to its gradient (AdamW: see there); the optimizer's update.
    With `steps` training ends after so many, else after `epochs`; 0 means not at all, also for
    `clip` and `average`.
    """

    network: str
    data: str
    channels: Count
    image_size: Count
    classes: Count
    weights: str = ""  # where it started, for the record
    init: Literal["fan_in", "own"] = "fan_in"  # or as the network is published
    seed: Annotated[int, Field(ge=0)] = 0
    epochs: Count = 12
    steps: Annotated[int, Field(ge=0, le=MOST)] = 0
    batch: Count = 32
    optimizer: Annotated[Optimizer, Field(discriminator="kind")] = Nesterov()
    schedule: Annotated[Schedule, Field(discriminator="kind")] = Cosine()
    warmup: Weight = 0.0  # epochs in which the rate rises from 0
    weight_decay: Weight = 1e-4
    label_smoothing: Share = 0.0
    clip: Weight = 0.0
    average: Share = 0.0
    aux: bool = False
    dropout: bool = True
    preprocess: Annotated[str, AfterValidator(check_preprocess)] = "squeeze"
    augment: Augment = field(default_factory=Augment)
    val_split: Share = 0.2
    on_error: Literal["stop", "skip"] = "stop"  # of an image that cannot be read
    dtype: Literal["float32", "float64", "bfloat16"] = "float32"

    @property
    def array_dtype(self) -> str:
        """What weights and images are kept in; bfloat16 is for products alone."""
        return "float32" if self.dtype == "bfloat16" else self.dtype
