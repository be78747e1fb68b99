"""The weights of the classes in the loss, so that rare classes count as much as frequent ones."""

import numpy as np
from numpy.typing import NDArray

from common.errors import UsageError
from common.training.recipe import Recipe


def class_weights(recipe: Recipe, labels: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """The weight of each class, or None if all are equal.

    With "balanced", every class that occurs among the training labels has the same total weight,
    and the mean over the images is 1: images / (classes x images of the class).
    """
    wanted = recipe.class_weights
    if wanted == "equal":
        return None
    if wanted == "balanced":
        counts = np.bincount(labels, minlength=recipe.classes)
        present = counts > 0
        shares: NDArray[np.float64] = present / (present.sum() * np.maximum(counts, 1))
        return shares * len(labels)
    if len(wanted) != recipe.classes:
        raise UsageError(
            f"class_weights: {len(wanted)} weights for {recipe.classes} classes; give one for each"
        )
    return np.array(wanted)
