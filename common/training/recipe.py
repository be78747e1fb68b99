"""Recipes: how a network is trained, as data that means the same in every framework."""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

from common.data.augment import Augment
from common.spec.preprocess import PREPROCESSES

STRICT = ConfigDict(extra="forbid", strict=True)
MOST = 2**31 - 1  # the largest count
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
    """Velocity as in SGD; weight -= lr x (gradient + momentum x velocity)."""

    kind: Literal["nesterov"] = "nesterov"
    lr: Positive = 0.01
    momentum: Share = 0.9


@checked(frozen=True, config=STRICT)
class RMSProp:
    """RMSProp as in the papers: eps is inside the root, and lr is inside the velocity.

    square = rho x square + (1 - rho) x gradient^2;
    velocity = momentum x velocity + lr x gradient / sqrt(square + eps); weight -= velocity.
    The Inception papers have an eps of 1.0.
    """

    kind: Literal["rmsprop"] = "rmsprop"
    lr: Positive = 0.01
    rho: Share = 0.9
    momentum: Share = 0.9
    eps: Positive = 1.0


@checked(frozen=True, config=STRICT)
class Adam:
    """D. Kingma and J. Ba, 2014, algorithm 1: eps is added to the root of the corrected square."""

    kind: Literal["adam"] = "adam"
    lr: Positive = 3e-4
    beta1: Share = 0.9
    beta2: Share = 0.999
    eps: Positive = 1e-8


@checked(frozen=True, config=STRICT)
class AdamW:
    """Adam with decoupled weight decay: a weight is first multiplied by 1 - lr x weight_decay."""

    kind: Literal["adamw"] = "adamw"
    lr: Positive = 3e-4
    beta1: Share = 0.9
    beta2: Share = 0.999
    eps: Positive = 1e-8


@checked(frozen=True, config=STRICT)
class Constant:
    """The learning rate stays constant."""

    kind: Literal["constant"] = "constant"


@checked(frozen=True, config=STRICT)
class Steps:
    """Multiplies the rate by `factor` every `epochs` epochs; GoogLeNet's is 4 % lower every 8."""

    kind: Literal["steps"] = "steps"
    factor: Positive = 0.96
    epochs: Positive = 8.0


@checked(frozen=True, config=STRICT)
class Cosine:
    """Half a period of a cosine, from the full learning rate down to 0 at the end of training."""

    kind: Literal["cosine"] = "cosine"


def check_preprocess(name: str) -> str:
    """Returns the name of a preprocessing; raises ValueError if it is unknown."""
    if name not in PREPROCESSES:
        raise ValueError(f"unknown preprocessing; choose from: {', '.join(PREPROCESSES)}")
    return name


Optimizer = SGD | Nesterov | RMSProp | Adam | AdamW
Schedule = Constant | Steps | Cosine


@checked(frozen=True, config=STRICT)
class Recipe:
    """The settings of a training run: the network, the data, and all hyperparameters.

    A step computes the mean cross entropy of the batch with label smoothing, where each image's
    loss is multiplied by the weight of its class, and adds the loss of each head times the head's
    weight; clips the gradients to a global norm of `clip`; adds
    `weight_decay` times each weight with more than one dimension to its gradient (except in AdamW,
    see there); and applies the optimizer's update. Training ends after `steps` steps, or after
    `epochs` epochs if `steps` is 0. `clip` and `average` are disabled by 0.
    """

    network: str
    data: str
    channels: Count
    image_size: Count
    classes: Count
    weights: str = ""  # the checkpoint that training starts from; empty: from initial values
    init: Literal["fan_in", "own"] = "fan_in"  # own: as published for the network
    seed: Annotated[int, Field(ge=0)] = 0
    epochs: Count = 12
    steps: Annotated[int, Field(ge=0, le=MOST)] = 0
    batch: Count = 32  # images per step, in all processes together
    optimizer: Annotated[Optimizer, Field(discriminator="kind")] = Nesterov()
    schedule: Annotated[Schedule, Field(discriminator="kind")] = Cosine()
    warmup: Weight = 0.0  # the epochs in which the learning rate rises linearly from 0
    weight_decay: Weight = 1e-4
    label_smoothing: Share = 0.0
    class_weights: Literal["equal", "balanced"] | tuple[Weight, ...] = "equal"
    freeze: str = ""  # layers that are not trained: "backbone" or patterns (see `freeze`)
    clip: Weight = 0.0
    average: Share = 0.0  # the fraction of the old value that a moving average of weights keeps
    aux: bool = False  # with the auxiliary heads
    dropout: bool = True
    preprocess: Annotated[str, AfterValidator(check_preprocess)] = "squeeze"
    augment: Augment = field(default_factory=Augment)
    val_split: Share = 0.2  # the fraction for testing, of a folder that has no splits
    on_error: Literal["stop", "skip"] = "stop"  # for an image that cannot be read
    dtype: Literal["float32", "float64", "bfloat16"] = "float32"

    @property
    def array_dtype(self) -> str:
        """The dtype of weights and images; with bfloat16, only products are computed in it."""
        return "float32" if self.dtype == "bfloat16" else self.dtype
