"""The update rules in NumPy: the reference against which the frameworks' optimizers are checked.

Every hyperparameter is first rounded to float32 (`rounded`), as Keras and Paddle store it so.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.spec import Shape
from common.training.recipe import SGD, Adam, AdamW, Nesterov, Optimizer, Recipe, RMSProp

Array = NDArray[np.float64]
Slots = dict[str, Array]


def rounded(recipe: Recipe) -> Recipe:
    """The recipe with all hyperparameters that a step uses rounded to float32."""
    numbers: dict[str, Any] = {
        n: single(v) for n, v in asdict(recipe.optimizer).items() if n != "kind"
    }
    return replace(
        recipe,
        optimizer=type(recipe.optimizer)(**numbers),
        weight_decay=single(recipe.weight_decay),
        label_smoothing=single(recipe.label_smoothing),
        clip=single(recipe.clip),
        average=single(recipe.average),
    )


def single(number: float) -> float:
    """The number rounded to float32."""
    return float(np.float32(number))


def is_decayed(shape: Shape) -> bool:
    """Whether weight decay applies to a parameter of this shape: not to biases or batch norm."""
    return len(shape) > 1


def slot_names(rule: Optimizer) -> tuple[str, ...]:
    """The names of the arrays (slots) that a rule keeps for each parameter between steps."""
    match rule:
        case SGD() | Nesterov():
            return ("velocity",)
        case RMSProp():
            return ("square", "velocity")
        case Adam() | AdamW():
            return ("mean", "square")
    raise TypeError(f"{rule!r} is not an update rule")


def apply_step(
    recipe: Recipe,
    number: int,
    rate: float,
    weights: Mapping[str, Array],
    gradients: Mapping[str, Array],
    slots: Mapping[str, Slots],
) -> tuple[dict[str, Array], dict[str, Slots]]:
    """The parameters and their slots after step `number`, counted from 0; `rate` is its lr."""
    updated, remembered = {}, {}
    cut = clip_factor(recipe.clip, gradients)
    for name, weight in weights.items():
        decayed = recipe.weight_decay if is_decayed(weight.shape) else 0.0
        gradient = gradients[name] * cut
        if isinstance(recipe.optimizer, AdamW):
            weight = weight * (1 - rate * decayed)
        else:
            gradient = gradient + decayed * weight
        change, remembered[name] = update(recipe.optimizer, gradient, slots[name], rate, number)
        updated[name] = weight - change
    return updated, remembered


def clip_factor(clip: float, gradients: Mapping[str, Array]) -> float:
    """The factor that scales all gradients to a global norm of at most `clip`."""
    norm = float(np.sqrt(sum((gradient**2).sum() for gradient in gradients.values())))
    return clip / max(norm, clip) if clip else 1.0


def update(
    rule: Optimizer, gradient: Array, slots: Slots, rate: float, number: int
) -> tuple[Array, Slots]:
    """The array to subtract from a weight, and the weight's new slots."""
    match rule:
        case SGD(momentum=momentum):
            velocity = momentum * slots["velocity"] + gradient
            return rate * velocity, {"velocity": velocity}
        case Nesterov(momentum=momentum):
            velocity = momentum * slots["velocity"] + gradient
            return rate * (gradient + momentum * velocity), {"velocity": velocity}
        case RMSProp(rho=rho, momentum=momentum, eps=eps):
            square = rho * slots["square"] + (1 - rho) * gradient**2
            velocity = momentum * slots["velocity"] + rate * gradient / np.sqrt(square + eps)
            return velocity, {"square": square, "velocity": velocity}
        case Adam(beta1=beta1, beta2=beta2, eps=eps) | AdamW(beta1=beta1, beta2=beta2, eps=eps):
            mean = beta1 * slots["mean"] + (1 - beta1) * gradient
            square = beta2 * slots["square"] + (1 - beta2) * gradient**2
            root = np.sqrt(square / (1 - beta2 ** (number + 1)))
            step = mean / (1 - beta1 ** (number + 1)) / (root + eps)
            return rate * step, {"mean": mean, "square": square}
    raise TypeError(f"{rule!r} is not an update rule")


def averaged(average: Array, weight: Array, keep: float) -> Array:
    """The moving average of a weight after a step; `keep` is the fraction of the old average."""
    return keep * average + (1 - keep) * weight
