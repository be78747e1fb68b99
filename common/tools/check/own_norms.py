"""Recognises batch norms that a user has written as a layer of their own."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

ROLES = {
    "running_mean": r".*mean.*",
    "running_var": r".*var.*",
    "weight": r".*(gamma|weight|scale).*",
    "bias": r".*(beta|bias|shift|offset).*",
}


def own_norm(
    arrays: Mapping[str, NDArray], before: NDArray, after: NDArray
) -> dict[str, NDArray] | None:
    """The weights of a batch norm by their role, if a layer with these arrays may be one.

    It has a running mean and variance, and multiplies and shifts each channel.
    """
    if before.shape != after.shape or before.ndim not in (2, 4):
        return None
    found: dict[str, NDArray] = {}
    for name, array in arrays.items():
        role = next((each for each, usual in ROLES.items() if re.fullmatch(usual, name)), "")
        if role and role not in found and array.size == before.shape[1]:
            found[role] = array.reshape(-1)
    if not {"running_mean", "running_var"} <= set(found):
        return None
    x, y = (np.moveaxis(each, 1, 0).reshape(each.shape[1], -1) for each in (before, after))
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    slope = (x * y).sum(1, keepdims=True) / np.maximum((x * x).sum(1, keepdims=True), 1e-300)
    is_linear = np.abs(y - slope * x).max() <= 1e-6 * max(float(np.abs(y).max()), 1e-300)
    return found if is_linear else None
