"""Hypotheses about factors for each channel of each image, as in squeeze-and-excitation."""

from collections.abc import Iterator

import numpy as np

from common.tools.check.edits import Place, Slot, put, value_at
from common.tools.check.foreign_layers import by_image, sigmoid
from common.tools.check.graph import Graph, Other
from common.tools.check.trace import Array, agree, trimmed

ATTENTION = "each channel scaled image by image, as in squeeze-and-excitation"
MIN_POSITIONS = 4  # of a map: with fewer, factors explain any values
VARIES = 1e-6  # factors that vary less between images do not depend on the image


def attended(place: Place, slot: Slot) -> Iterator[Graph]:
    """Yields graphs with such factors: fitted to the map found, or computed by the user's layers.

    Those computed are a sigmoid of a layer's output. They may be seen only behind a global pool.
    """
    expected, found = value_at(place, slot), place.found
    if expected is None or expected.ndim != 4 or np.prod(expected.shape[2:]) < MIN_POSITIONS:
        return
    for call in place.free:
        if trimmed(call.output).shape == expected.shape[:2]:
            factors = sigmoid(call.output).reshape(*expected.shape[:2], 1, 1)
            yield put(place.graph, slot, times_each(factors))
    if expected.shape == found.shape:
        size = (expected * expected).sum(axis=(2, 3), keepdims=True)
        factors = (found * expected).sum(axis=(2, 3), keepdims=True) / np.maximum(size, 1e-300)
        varies = np.ptp(factors, axis=0).max() > VARIES * np.abs(factors).max()
        if varies and agree(found, factors * expected, place.digits):
            yield put(place.graph, slot, times_each(factors))


def times_each(factors: Array) -> Other:
    """Multiplies each channel of each image by a factor."""
    return by_image(ATTENTION, lambda x: factors[: len(x)] * x)
