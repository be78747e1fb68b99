"""The learning rate at each step."""

from math import cos, pi

import numpy as np

from common.training.recipe import Constant, Cosine, Recipe, Schedule, Steps


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The learning rate at `step`, counted from 0, after warm-up and schedule; a float32 value."""
    steps = count_steps(recipe, steps_per_epoch)
    warm = recipe.warmup * steps_per_epoch
    rise = min(1.0, (step + 1) / warm) if warm else 1.0
    factor = rise * decay(recipe.schedule, step, steps, steps_per_epoch)
    return float(np.float32(recipe.optimizer.lr * factor))


def decay(schedule: Schedule, step: int, steps: int, steps_per_epoch: int) -> float:
    """The factor by which a schedule multiplies the learning rate at a step."""
    match schedule:
        case Constant():
            return 1.0
        case Steps(factor=factor, epochs=epochs):
            return float(factor ** (step // round(epochs * steps_per_epoch)))
        case Cosine():
            return (1 + cos(pi * step / steps)) / 2
    raise TypeError(f"{schedule!r} is not a schedule")


def count_steps(recipe: Recipe, steps_per_epoch: int) -> int:
    """The total number of training steps."""
    return recipe.steps or recipe.epochs * steps_per_epoch
